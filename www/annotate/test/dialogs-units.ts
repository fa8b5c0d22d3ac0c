// A small file with offsets for each format whose unit a person may choose.
const RESULT = '{"id":"a","from_name":"label","to_name":"text","type":"labels","value":{"start":2,"end":5,"labels":["PER"]}}';
const QUESTION = '{"id":"q","question":"Who?","answers":[{"text":"Ada","answer_start":2}]}';
const BODY = '{"type":"TextualBody","purpose":"tagging","value":"PER"}';
const SELECTORS = '[{"type":"TextPositionSelector","start":2,"end":5},{"type":"TextQuoteSelector","exact":"Ada"}]';

export const UNIT_FILES: Readonly<Record<string, readonly (readonly [name: string, text: string])[]>> = {
  doccano: [['a.jsonl', '{"text":"é Ada","label":[[2,5,"PER"]]}']],
  'label-studio': [['a.json', `[{"data":{"text":"é Ada"},"annotations":[{"result":[${RESULT}]}]}]`]],
  prodigy: [['a.jsonl', '{"text":"é Ada","spans":[{"start":2,"end":5,"label":"PER"}]}']],
  'spacy-tuples': [['a.json', '[["é Ada",{"entities":[[2,5,"PER"]]}]]']],
  brat: [['a.txt', 'é Ada'], ['a.ann', 'T1\tPER 2 5\tAda\n']],
  csv: [['a.csv', 'doc,start,end,label,text\na,2,5,PER,Ada\n'], ['a.txt', 'é Ada']],
  huggingface: [['a.jsonl', '{"tokens":["é","Ada"],"ner_tags":["O","B-PER"],"text":"é Ada","offsets":[[0,1],[2,5]]}']],
  squad: [['a.json', `{"version":"v2.0","data":[{"title":"d","paragraphs":[{"context":"é Ada","qas":[${QUESTION}]}]}]}`]],
  w3c: [
    [
      'a.jsonld',
      `{"@context":"http://www.w3.org/ns/anno.jsonld","type":"Annotation","body":[${BODY}],"target":{"source":"a.txt","selector":${SELECTORS}}}`,
    ],
    ['a.txt', 'é Ada'],
  ],
};
