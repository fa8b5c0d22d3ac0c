// Runs what the test process asks for, over HTTP: for browsers that have no developer tools (../faults/plain.mjs).

/** Fetches functions from `office`, calls them and posts their results, for as long as the page lives. */
export async function drive(office) {
  for (;;) {
    const { id, source, argument } = await (await fetch(office)).json();
    if (id === undefined) continue; // nothing to do yet
    const run = (0, eval)(`(${source})`);
    // Several jobs may run at once, as several calls of `page.evaluate` may.
    Promise.resolve()
      .then(() => run(argument))
      .then((value) => ({ id, value }), (error) => ({ id, error: String(error?.stack ?? error) }))
      .then((result) => fetch(office, { method: 'POST', body: JSON.stringify(result) }));
  }
}
