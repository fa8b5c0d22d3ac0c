'use client';
import { useLuke, useNer } from 'luke-web/react';

export function Names({ text }) {
  const { luke, error } = useLuke('/models/luke-mini-en/');
  const names = useNer(luke, text);
  return (
    <>
      <ul id="names">{names.data?.map(({ start, end, label }) => <li key={start}>{`${label} ${text.slice(start, end)}`}</li>)}</ul>
      <p id="info">{names.status === 'ready' && `${luke.info.device}, threads: ${luke.info.threads}`}</p>
      <p id="error">{String(error ?? names.error ?? '')}</p>
    </>
  );
}
