// The package when the GPU fails; see ../cases.mjs.
import { CASES } from '../cases.mjs';
import { fake, fresh, lukeWeb, OPTIONS, site } from '../world.mjs';

export default async function ({ test }) {
  const world = { lukeWeb, fake, url: `${site.url}models/micro-span_cls/`, options: OPTIONS, fresh };
  for (const [name, run] of Object.entries(CASES)) await test(name, () => run(world));
  fake.plan();
}
