/**
 * Hooks for React 18 and newer. A page that does not import `luke-web/react` needs no React.
 *
 * @example
 * function Names({ text }: { text: string }) {
 *   const { luke, status, progress, error, retry } = useLuke('/models/luke-mini-en/');
 *   const names = useNer(luke, text);
 *   if (status === 'error') return <button onClick={retry}>{String(error)}</button>;
 *   if (status !== 'ready') return <progress max={progress?.totalBytes} value={progress?.loadedBytes} />;
 *   return <ul>{names.data?.map(({ start, label }) => <li key={start}>{label}</li>)}</ul>;
 * }
 *
 * @module
 */
import { useCallback, useMemo, useSyncExternalStore } from 'react';
import type { Answer, Entity, HeadOrName, LoadOptions, Luke, NerOptions, QaOptions, WordEntity, WordList } from './index.js';
import { useCall, type CallState, type LastResult } from './react/call.js';
import { keyOf } from './react/key.js';
import { IDLE, join, LOADING, retry, stateOf, type LoadState } from './react/shared.js';

export type { CallState, LastResult, LoadState };

/** The options of `Luke.load`, without those that the hook sets itself. */
export type UseLukeOptions = Omit<LoadOptions, 'signal' | 'onProgress'>;
/** The options of `luke.ner`, without the signal, which the hook sets itself. */
export type UseNerOptions = Omit<NerOptions, 'signal'> & {
  /** A head that was taught, or the name of one of `luke.taughtHeads`, which the call uses in place of the model's own. */
  head?: HeadOrName | undefined;
};
/** The options of `luke.qa`, without the signal, which the hook sets itself. */
export type UseQaOptions = Omit<QaOptions, 'signal'>;

/** A model and how far its load is. */
export type UseLuke = LoadState & {
  /** Loads the model again after an error. */
  readonly retry: () => void;
};

/** The question and the context of an answer. */
export interface QaInput {
  readonly question: string;
  readonly context: string;
}

/**
 * Loads a model. Components that name the same model with equal options share it. It is loaded after the first of them is shown, and it
 * is disposed, or its load is aborted, after the last one is gone; do not dispose it yourself. Without a model (`undefined` or `null`)
 * the hook is idle: a page can so wait until its user wants the model.
 *
 * Options are compared by their contents. Functions among them are not compared: those of the first render count.
 *
 * @param model URL of the model folder, as for `Luke.load`.
 */
export function useLuke(model: string | URL | null | undefined, options: UseLukeOptions = {}): UseLuke {
  const isNamed = model !== undefined && model !== null;
  const key = isNamed ? keyOf([String(model), options]) : undefined;
  const subscribe = useCallback((listener: () => void) => (isNamed && key !== undefined ? join(key, model, options, listener) : () => {}), [key]);
  const state = useSyncExternalStore(
    subscribe,
    () => (key === undefined ? IDLE : stateOf(key)),
    () => (key === undefined ? IDLE : LOADING),
  );
  const again = useCallback(() => key !== undefined && retry(key), [key]) as () => void;
  return useMemo(() => ({ ...state, retry: again }), [state, again]);
}

/**
 * Finds the named entities of a text, of several texts, or of a word list, as `luke.ner` does. A call whose text or options have changed,
 * or whose component is gone, is aborted. Without a model or a text the hook is idle.
 *
 * @param luke The model of `useLuke`, or one that you loaded.
 */
export function useNer(luke: Luke | null | undefined, text: string | null | undefined, options?: UseNerOptions): CallState<string, Entity[]>;
export function useNer(luke: Luke | null | undefined, texts: readonly string[] | null | undefined, options?: UseNerOptions): CallState<readonly string[], Entity[][]>;
export function useNer(luke: Luke | null | undefined, words: WordList | null | undefined, options?: UseNerOptions): CallState<WordList, WordEntity[]>;
export function useNer(luke: Luke | null | undefined, input: any, options: UseNerOptions = {}): CallState<any, any> {
  const keys = [typeof input, typeof input === 'string' ? input : keyOf(input), keyOf(options)];
  return useCall<any, Entity[] | Entity[][] | WordEntity[]>(luke, input, keys, (model, text, signal) => model.ner(text, { ...options, signal }));
}

/**
 * Answers a question from a context, as `luke.qa` does. A call whose question, context or options have changed, or whose component is
 * gone, is aborted. Without a model, a question or a context the hook is idle.
 *
 * @param luke The model of `useLuke`, or one that you loaded.
 */
export function useQa(luke: Luke | null | undefined, question: string | null | undefined, context: string | null | undefined, options: UseQaOptions = {}): CallState<QaInput, Answer> {
  const hasInput = question !== null && question !== undefined && context !== null && context !== undefined;
  const input = hasInput ? { question, context } : undefined;
  return useCall(luke, input, [question, context, keyOf(options)], (model, asked, signal) => model.qa(asked.question, asked.context, { ...options, signal }));
}
