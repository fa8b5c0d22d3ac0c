// The few lines of JavaScript that do what the page has just done.

/** A program that loads a model and makes one call. `model` is what `Luke.load` takes. */
export function snippet(model: string, task: string, args: readonly unknown[]): string {
  const list = args.map((argument) => JSON.stringify(argument)).join(', ');
  return `// npm install luke-web
import { Luke } from 'luke-web';

const luke = await Luke.load(${JSON.stringify(model)});
console.log(await luke.${task}(${list}));
await luke.dispose();
`;
}
