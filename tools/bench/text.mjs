// Makes English texts of any length from a seed: news-like sentences with random names and numbers. Sentences rarely repeat, so
// a cache has little advantage.
const FIRST = ['Anna', 'David', 'Maria', 'John', 'Sofia', 'Peter', 'Laura', 'Ahmed', 'Yuki', 'Carlos', 'Elena', 'Tom'];
const LAST = ['Fischer', 'Okafor', 'Rossi', 'Tanaka', 'Novak', 'Silva', 'Jones', 'Larsen', 'Moreau', 'Khan', 'Weber', 'Murray'];
const PLACE = ['London', 'Nairobi', 'Brazil', 'Osaka', 'Warsaw', 'Texas', 'Cairo', 'New Zealand', 'Lyon', 'Chicago', 'Finland', 'Seoul'];
const FIRM = ['Reuters', 'Siemens', 'the European Union', 'Toyota', 'Barclays', 'the World Bank', 'Nestle', 'United Airlines'];
const DAY = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const SENTENCES = [
  'P F said on D that W would open an office with N workers in L next year.',
  'Shares of W rose N percent in L after P F met ministers from L to discuss energy prices.',
  'On D, P F of W told reporters that talks had failed.',
  'The vote in L, which N people watched, was won by P F, who had lost to P F two years before.',
  'W denied it.',
  'Police in L found N boxes that belonged to W, according to a report that P F gave to W on D evening.',
];

/** The first `words` words of the text. */
export function makeText(words) {
  const draw = generator(4);
  const pick = (list) => list[Math.floor(draw() * list.length)];
  const fill = { P: () => pick(FIRST), F: () => pick(LAST), L: () => pick(PLACE), W: () => pick(FIRM), D: () => pick(DAY), N: () => 2 + Math.floor(draw() * 9998) };
  const result = [];
  while (result.length < words) {
    const sentence = pick(SENTENCES).replace(/\b[PFLWDN]\b/g, (letter) => fill[letter]());
    result.push(...sentence.replace(/^the/, 'The').split(' '));
  }
  return result.slice(0, words).join(' ');
}

/** Random numbers in [0, 1) from a seed (mulberry32). */
export function generator(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
