// Our package. An input is the arrays of a batch, which `luke.forward` takes as a list of sequences, or a text.
const camel = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());

export async function load({ url, device, threads, counting, package: script = 'luke-web' }) {
  const { Luke } = await import(script);
  let counter;
  const worker = counting && (() => (counter = new Worker('/counting-worker.js', { type: 'module' })));
  const options = { device, threads, ...(worker && { worker }) };
  // Every call must compute. A version of the package that keeps nothing does not have the option.
  const luke = await Luke.load(url, { ...options, passCacheBytes: 0 }).catch((error) => {
    if (error.code !== 'input') throw error;
    return Luke.load(url, options);
  });
  const count = () =>
    new Promise((resolve) => {
      counter.addEventListener('message', ({ data }) => resolve(data), { once: true });
      counter.postMessage('count');
    });

  return {
    info: luke.info,
    count,
    async prepare(input) {
      if (typeof input === 'string') return { value: input, info: { tokens: (await luke.embed(input)).tokens.length } };
      return { value: { head: input.head, sequences: sequences(input) } };
    },
    async run(value) {
      if (typeof value === 'string') return luke.ner(value);
      return luke.forward(value.sequences, { head: value.head });
    },
    outputs(results) {
      const joined = {};
      for (const result of results) {
        for (const [name, { data }] of Object.entries(result)) (joined[name] ??= []).push(...data);
      }
      return joined;
    },
  };
}

/** The arrays of each sequence of a batch, under the names of `luke.forward`. */
function sequences({ batch, inputs }) {
  return Array.from({ length: batch }, (_, i) =>
    Object.fromEntries(
      Object.entries(inputs).map(([name, { shape: [, rows, columns], data }]) => {
        const size = rows * (columns ?? 1);
        const mine = data.slice(i * size, (i + 1) * size);
        return [camel(name), columns ? Array.from({ length: rows }, (_, row) => mine.slice(row * columns, (row + 1) * columns)) : mine];
      }),
    ),
  );
}
