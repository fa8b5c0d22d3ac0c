// A project for Node.js without the types of the DOM.
import { Luke, LukeError, models, pipeline } from 'luke-web';
import 'luke-web/worker';

const { signal } = new AbortController();
const luke = await Luke.load(new URL('https://models.test/mini/'), { signal, worker: false, fetch, headers: { authorization: 'x' } });
for (const { label, text } of await luke.ner('Ada Lovelace')) console.log(label, text);
const ner = await pipeline('ner', luke);
await ner('a').catch((error: unknown) => console.log(error instanceof LukeError && error.code));
console.log(await models.list());
await Luke.load('/nowhere/').catch((error: unknown) => console.log(error instanceof LukeError && error.code === 'io' && error.detail.path));
await luke.dispose();
