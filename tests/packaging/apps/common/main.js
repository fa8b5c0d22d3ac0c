import { Luke } from 'luke-web';

const text = 'Ada Lovelace worked with Charles Babbage in London.';
const show = (id, words) => (document.getElementById(id).textContent = words);
try {
  const luke = await Luke.load('/models/luke-mini-en/');
  for (const { start, end, label } of await luke.ner(text)) {
    const item = document.createElement('li');
    item.textContent = `${label} ${text.slice(start, end)}`;
    document.getElementById('names').append(item);
  }
  show('info', `${luke.info.device}, threads: ${luke.info.threads}`);
} catch (error) {
  show('error', error);
}
