// Texts as in the news, written for the tests, with emoji and CRLF. `[words|LABEL]` marks a span.

const MARKED = [
  'Nokia shows a new phone\r\n[Nokia|ORG] presented the [Lumia 730|PRODUCT] in [Berlin|LOC] on Thursday. "We are proud," said [Jo Harlow|PER] 📱.',
  '⚽ [Real Madrid|ORG] beat [Bayern Munich|ORG] 2-1 in [Madrid|LOC] on Tuesday. [Karim Benzema|PER] scored twice.',
  '[Angela Merkel|PER] met [Emmanuel Macron|PER] in [Paris|LOC] to talk about the budget of the [European Union|ORG].',
  '🚗 [Toyota|ORG] will build the [Corolla|PRODUCT] in [Turkey|LOC] again.\r\nThe plant near [Istanbul|LOC] was closed in March.',
  'The company [Microsoft|ORG] said it had sold 20 million copies of [Windows 10|PRODUCT] in [Japan|LOC].',
  'LONDON (Reuters) - [Boris Johnson|PER] said on Monday that [Britain|LOC] would not pay.',
  '🎮 [Sony|ORG] cut the price of the [PlayStation 4|PRODUCT] in [Brazil|LOC] and [Chile|LOC].',
  '[Serena Williams|PER] of the [United States|LOC] won the final in [Melbourne|LOC] 🎾, her first title since [Wimbledon|LOC].',
  '[Apple|ORG] chief [Tim Cook|PER] held the [iPhone 6|PRODUCT] up before the crowd in [San Francisco|LOC] 🍎.',
  'The [World Bank|ORG] lent [Kenya|LOC] 300 million dollars for roads, minister [Amina Mohamed|PER] said in [Nairobi|LOC].',
  '✈️ [Boeing|ORG] delivered the first [Dreamliner|PRODUCT] to [Ethiopian Airlines|ORG] in [Addis Ababa|LOC].',
  'Shares of [Deutsche Bank|ORG] fell by four percent in [Frankfurt|LOC].\r\n\r\nAnalyst [Hans Weber|PER] expects more.',
  'Reporters of the [New York Times|ORG] tried the [Galaxy S5|PRODUCT] that [Samsung|ORG] sells in [Korea|LOC].',
  '🌧️ Heavy rain closed the airport of [Manila|LOC], mayor [Joseph Estrada|PER] told a radio station.',
  '[Volkswagen|ORG] called 300,000 cars of the model [Passat|PRODUCT] back in [China|LOC], it said in [Wolfsburg|LOC].',
  'Police in [Oslo|LOC] arrested two men.\r\n[Erna Solberg|PER], the prime minister of [Norway|LOC], thanked them.',
  '[Amazon|ORG] began to sell the [Kindle Fire|PRODUCT] in [India|LOC] 📚, said [Jeff Bezos|PER].',
  'The [Red Cross|ORG] sent doctors to [Aleppo|LOC] on Friday, a spokesman said in [Geneva|LOC].',
  '[Nintendo|ORG] has shipped three million units of the [Wii U|PRODUCT] from [Kyoto|LOC] 🎲.',
  '[Roger Federer|PER] lost to [Rafael Nadal|PER] in [Rome|LOC] 6-4 6-3.',
  '[Google|ORG] gave the [Nexus 5|PRODUCT] a new camera.\r\nIt costs 399 euros in [Spain|LOC], [Larry Page|PER] said.',
  'Voters in [Scotland|LOC] went to the polls. [Nicola Sturgeon|PER] cast her vote in [Glasgow|LOC] 🗳️.',
  'The first [Model S|PRODUCT] that [Tesla|ORG] made in [Fremont|LOC] went to [Elon Musk|PER] himself ⚡.',
  '[Greenpeace|ORG] protested in [Warsaw|LOC] against a coal mine of [PGE|ORG].',
  '[Airbus|ORG] hopes to sell more of its [A380|PRODUCT] to [Emirates|ORG] in [Dubai|LOC].',
  '😀 A baby panda was born in the zoo of [Vienna|LOC], director [Dagmar Schratter|PER] said.',
  '[Lego|ORG] won back its customers with the series [Mindstorms|PRODUCT], wrote a paper in [Copenhagen|LOC].',
  'The [United Nations|ORG] asked [Sudan|LOC] to let [Meriam Ibrahim|PER] go.',
  'Buyers queued in [Sydney|LOC] for the new [Xbox One|PRODUCT] of [Microsoft|ORG] 🕹️.',
  '[Lewis Hamilton|PER] won in [Monza|LOC] for [Mercedes|ORG], ahead of [Felipe Massa|PER] of [Brazil|LOC].',
];

/** `{ text, spans: [{ start, end, text, label }] }` of each text; offsets count UTF-16 units. */
export const NEWS = MARKED.map((marked) => {
  const spans = [];
  let text = '';
  for (const part of marked.split(/(\[[^\]]+\])/)) {
    const [, words, label] = /^\[(.+)\|(.+)\]$/.exec(part) ?? [];
    if (words !== undefined) spans.push({ start: text.length, end: text.length + words.length, text: words, label });
    text += words ?? part;
  }
  return { text, spans };
});

/** Bytes of an export of doccano of these texts; with labels, if `labels` names some. */
export function doccano(news = NEWS, labels = []) {
  const rows = news.map(({ text, spans }, index) => {
    const label = spans.filter((span) => labels.includes(span.label)).map(({ start, end, label }) => [start, end, label]);
    return JSON.stringify({ id: index + 1, text, label, Comments: [] });
  });
  return Buffer.from(`${rows.join('\n')}\n`);
}
