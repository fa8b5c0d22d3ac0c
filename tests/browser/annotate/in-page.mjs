// What the tests of the text view do in the page: Playwright sends the text of these functions there, so they use nothing around them.

export async function countElements([characters, spans, lineLength]) {
  const { text, marks } = textPage.scene(characters, spans, lineLength);
  textPage.view.open(text, marks);
  const scroller = textPage.root.querySelector('.cm-scroller');
  const counts = [];
  for (const part of [0, 0.5, 1]) {
    scroller.scrollTop = part * scroller.scrollHeight;
    for (let count = 0; count < 5; count++) await textPage.frame();
    counts.push({ elements: textPage.root.querySelectorAll('*').length, marks: textPage.root.querySelectorAll('[data-mark]').length });
  }
  return counts;
}

export async function flick(times) {
  const { text, marks, lines } = textPage.scene(200_000, 5000, 150);
  textPage.view.open(text, marks);
  const scroller = textPage.root.querySelector('.cm-scroller');
  const problems = [];
  for (let count = 0; count < times; count++) {
    for (let step = 0; step < 4; step++) {
      scroller.scrollTop += (count % 2 ? -1 : 1) * (step + 1) * (700 + 500 * (count % 5));
      await textPage.frame();
    }
    for (let wait = 0; wait < 3; wait++) await textPage.frame();
    const drawn = textPage.drawnLines();
    if (drawn.length < 5) problems.push(`${drawn.length} lines in view`);
    for (const { number, ids, chips } of drawn) {
      const [from, to] = [lines[number], (lines[number + 1] ?? text.length + 1) - 1];
      const overlaps = ([start, end]) => start < to && end > from;
      const expected = marks.filter(({ pieces }) => pieces.some(overlaps)).map(({ id }) => id).sort();
      const endsHere = ([start, end]) => end > from && Math.max(start, from) < to && text.slice(to, end).trim() === '';
      const names = marks.flatMap(({ id, pieces }) => pieces.filter(endsHere).map(() => id)).sort();
      if (String(ids) !== String(expected)) problems.push(`line ${number}: ${ids} instead of ${expected}`);
      if (String(chips) !== String(names)) problems.push(`line ${number}: names of ${chips} instead of ${names}`);
    }
  }
  return problems.slice(0, 5);
}

export function tryTexts() {
  const texts = [
    'a\r\nb\rc\nd', '\r\n\r\n', '\ufeffBOM', 'a\u2028b\u2029c', 'a\0b', '\ud800 and \udfff', 'x\ud83d', '\udc00y', '👨‍👩‍👧‍👦 e\u0301',
    '\u202eevil\u202c', '\n\n\n', '', ' ', '\t\t', '<b>&amp;</b>', 'a\u0085b',
    'שלום Ada 123 القاهرة',
  ];
  const problems = [];
  for (const text of texts) {
    const marks = Array.from(text, (_, index) => textPage.mark(`${index}`, [[index, index + 1]], { name: '</span>', color: index % 10 }));
    textPage.view.open(text, marks);
    const { doc } = textPage.editor().state;
    if (doc.toString() !== text || doc.length !== text.length) problems.push(`text ${JSON.stringify(text)} is ${JSON.stringify(doc.toString())}`);
    for (let offset = 0; offset < text.length; offset++) {
      textPage.view.select([offset, offset + 1]);
      const { selection } = textPage.view;
      if (String(selection) !== `${offset},${offset + 1}`) problems.push(`${JSON.stringify(text)} at ${offset}: ${selection}`);
    }
  }
  textPage.view.select([-5, 1e9]);
  textPage.view.select(undefined);
  if (textPage.view.selection) problems.push('something is selected');
  if (textPage.selected.length) problems.push('what the program selected was reported');
  return problems;
}

export function openNested() {
  const text = 'The University of Paris was founded. nobody';
  const mark = (id, word, color) => textPage.mark(id, [[text.indexOf(word), text.indexOf(word) + word.length]], { color });
  const sentence = mark('sentence', 'The University of Paris was founded.', 2);
  textPage.view.open(text, [mark('place', 'Paris', 1), sentence, mark('university', 'University of Paris', 3)]);
}

export async function openLanguages(isSearching) {
  const lines = ['Ada Lovelace met Charles Babbage in London.', 'زار محمد القاهرة أمس', '我们在北京大学学习', 'control \u0001 and \u202e override'];
  const text = lines.join('\n');
  const marks = Array.from({ length: 20 }, (_, index) => {
    const start = index * 4;
    const state = index % 2 ? 'accepted' : 'suggested';
    return textPage.mark(`${index}`, [[start, start + 4 + (index % 5)]], { key: '1', color: index % 10, state, score: 0.5 });
  });
  textPage.view.open(text, marks);
  textPage.view.setFocus('3');
  textPage.view.setRelations([{ from: '3', to: '5', name: 'knows' }]);
  if (isSearching) textPage.view.openSearch();
  await textPage.frame();
}
