import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { useLuke, useNer, useQa } from 'luke-web/react';

const MODEL = '/models/luke-mini-en/';

function Names({ text }) {
  const { luke, status, progress, error } = useLuke(MODEL);
  const names = useNer(luke, text, { threshold: 0.2 });
  return (
    <>
      {status === 'loading' && <progress max={progress?.totalBytes ?? 1} value={progress?.loadedBytes ?? 0} />}
      <ul id="names">{names.data?.map(({ start, end, label }) => <li key={start}>{`${label} ${text.slice(start, end)}`}</li>)}</ul>
      <p id="info">{names.status === 'ready' && `${luke.info.device}, threads: ${luke.info.threads}`}</p>
      <p id="error">{String(error ?? names.error ?? '')}</p>
    </>
  );
}

function Answer({ question, context }) {
  const { luke } = useLuke(MODEL); // the model of Names
  const { data, status } = useQa(luke, question, context);
  return <p id="answer">{status === 'ready' ? data.answer : ''}</p>;
}

function App() {
  const [text, setText] = useState('Ada Lovelace worked with Charles Babbage in London.');
  const [isOpen, setOpen] = useState(true);
  return (
    <>
      <input id="text" value={text} onChange={({ target }) => setText(target.value)} />
      <button id="open" onClick={() => setOpen(!isOpen)}>{isOpen ? 'Close' : 'Open'}</button>
      {isOpen && <Names text={text} />}
      {isOpen && <Answer question="Where did they work?" context={text} />}
    </>
  );
}

createRoot(document.getElementById('root')).render(<StrictMode><App /></StrictMode>);
