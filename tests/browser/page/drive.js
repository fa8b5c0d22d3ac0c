// Runs what the test process asks for, over HTTP: for browsers that have no developer tools (../faults/plain.mjs). A page that imports this
// file works for the office that its URL names.

const office = new URLSearchParams(location.search).get('office');
if (office) void drive();

/** Fetches functions, calls them and posts their results, for as long as the page lives. */
async function drive() {
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
