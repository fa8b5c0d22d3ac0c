interface Sample {
  name: string;
  text: string;
}

/** Sample texts. The page opens with the first one. */
export const samples: readonly [Sample, ...Sample[]] = [
  {
    name: 'News',
    text: `PARIS, Tuesday – German Chancellor Olaf Scholz met French President Emmanuel Macron in Paris to discuss energy prices. Shares of Siemens and Volkswagen rose in Frankfurt after the talks, Reuters reported. Ursula von der Leyen said the European Union would send more aid to Ukraine.`,
  },
  {
    name: 'Football',
    text: `Lionel Messi scored twice as Argentina beat France in the World Cup final in Qatar. Kylian Mbappe, who plays for Real Madrid, scored three goals for the losing side. FIFA president Gianni Infantino called it the best final ever.`,
  },
  {
    name: 'Science',
    text: `Marie Curie was born in Warsaw and studied at the University of Paris, where she met Pierre Curie. In 1911 the Royal Swedish Academy of Sciences in Stockholm gave her the Nobel Prize in Chemistry.`,
  },
  {
    name: 'Business',
    text: `Satya Nadella said on Thursday that Microsoft would open a new office in Toronto. The company, based in Redmond, Washington, competes with Amazon and with Google, whose chief executive is Sundar Pichai.`,
  },
];
