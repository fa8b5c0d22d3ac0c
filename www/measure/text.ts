// What is measured: a text of 300 words that was written for this page, a question about it, and mentions in it.

export const TEXT = `The ferry from Harwich to Hook of Holland was two hours late on Monday morning, and most of the people who had booked rooms in Rotterdam spent the night on board. Captain Marieke de Vries said that a storm over the North Sea had left her no choice. "We waited off Felixstowe until the wind turned," she told Radio Rijnmond, "and nobody was hurt." The ship belongs to Nordic Seaways, a company from Gothenburg which bought it from a Danish bank in the spring.

Among the passengers was Thomas Adeyemi, a cellist from Manchester who was on his way to the Concertgebouw in Amsterdam. His instrument, made in Cremona before the French Revolution, travelled in a cabin of its own. "It has crossed the Channel more often than I have," he said. The orchestra, which is led this season by Ingrid Solberg, moved the rehearsal to Tuesday and gave the musicians a free evening.

The Port of Rotterdam said on Monday that four other ships had to wait outside the harbour, two of them from China. Its director, Paul Janssen, had warned the Ministry of Infrastructure in The Hague last year that the new breakwater would not be ready before winter. A spokesman for the ministry answered that the builder, Van Oord, was working as fast as the weather allowed, and that the European Commission had paid a third of the costs.

In Harwich the evening ferry left on time. Susan Whitfield, who has sold tickets at the terminal of Parkeston Quay for twenty years, handed out tea and biscuits to those who were still waiting. "The Dutch are patient people," she said, "and the English bring sandwiches." By Wednesday the sea was calm, and the timetable of Nordic Seaways was back to normal for the first time since Friday.`;

export const WORDS = TEXT.split(/\s+/).length;

export const QUESTION = 'Who is on his way to the Concertgebouw?';

/** Names in the text, in its order. */
const NAMES = [
  'Harwich', 'Marieke de Vries', 'North Sea', 'Radio Rijnmond', 'Nordic Seaways', 'Thomas Adeyemi', 'Cremona', 'Ingrid Solberg', 'European Commission',
  'Susan Whitfield',
];

export const MENTIONS: readonly (readonly [start: number, end: number])[] = NAMES.map((name) => {
  const start = TEXT.indexOf(name);
  return [start, start + name.length];
});
