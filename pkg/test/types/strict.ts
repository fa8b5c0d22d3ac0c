// What callers may write, and what the compiler has to refuse. Compiled under the strictest flags against the declarations of the package.
import {
  availability, Luke, LukeError, LukeHead, models, pipeline, type Answer, type Entity, type EntityScore, type Example, type Labels, type LabelScore, type LoadEvent, type LoadOptions, type NerFound, type Ranked,
  type NerOptions, type NerPart, type NoAnswer, type NonEmpty, type QuestionAnsweringItem, type RunnerUp, type RunnersUpOptions, type RuntimeInfo, type Span, type TeachInput, type TeachOptions, type TeachReport, type Tensor, type TokenScore,
  type TypingInput, type WordEntity,
} from 'luke-web';
import { serveOffline } from 'luke-web/service-worker';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Compiles if `A` and `B` are the same type. */
const same = <A, B>(_: Equal<A, B>) => {};

declare const luke: Luke;
declare const text: string;
declare const textOrTexts: string | string[];
declare const maybe: { signal: AbortSignal | undefined; threshold: number | undefined; name: string | undefined; isOn: boolean | undefined };

// 1. What may be undefined may be passed on as an option.
const everyLoadOption: { [K in keyof LoadOptions]-?: undefined } = {
  passCacheBytes: undefined, device: undefined, worker: undefined, threads: undefined, signal: undefined, onProgress: undefined, cache: undefined, manifestHash: undefined, persist: undefined,
  parallelDownloads: undefined, retries: undefined, stallMs: undefined, fetch: undefined, headers: undefined, selfTest: undefined, heads: undefined, wasmUrl: undefined,
  hub: undefined,
};
await Luke.load('/m/', everyLoadOption);
await Luke.load('/m/', { signal: maybe.signal, retries: maybe.threshold, passCacheBytes: maybe.threshold, manifestHash: maybe.name, persist: maybe.isOn });
await luke.ner(text, { signal: maybe.signal, threshold: maybe.threshold, labels: undefined, sentences: undefined, candidates: undefined });
await luke.qa(text, text, { signal: maybe.signal, topK: maybe.threshold, nullThreshold: maybe.threshold, entities: undefined });
await luke.embed(text, undefined, { titles: undefined, pooling: undefined, normalize: maybe.isOn });
await luke.forward({ inputIds: [1], attentionMask: undefined }, { head: undefined });
await availability('/m/', { signal: maybe.signal, device: undefined });
await models.prefetch('/m/', { entityTable: maybe.isOn, onProgress: undefined });
serveOffline({ version: maybe.name, networkTimeoutMs: maybe.threshold });
const ner = await pipeline('ner', luke);
await ner(text, { aggregation_strategy: undefined, ignore_labels: undefined, signal: maybe.signal });

// 2. Results depend on options: scores.
const [plain] = await luke.ner(text);
same<typeof plain, Entity | undefined>(true);
const [scored] = await luke.ner(text, { allScores: true, labels: ['PER', 'ORG'] });
if (scored) {
  same<typeof scored.label, 'PER' | 'ORG'>(true);
  const per: number = scored.scores.PER;
  const other: number | undefined = scored.scores['LOC'];
  console.log(per, other);
}
const [unknownScores] = await luke.ner(text, { allScores: Math.random() > 0.5 });
// @ts-expect-error the type does not say whether there are scores
console.log(unknownScores?.scores['PER']);
const later: NerOptions = { threshold: 0.5 };
same<Awaited<ReturnType<typeof luke.typing>>, LabelScore[]>(true);
console.log((await luke.ner(text, later))[0]?.scores?.['PER']);

// 3. A result is an argument.
if (plain) {
  await luke.typing(text, plain);
  await luke.relation(text, plain, { start: 0, end: 3 });
  await luke.cloze(text, '@placeholder', await luke.ner(text));
  await luke.embed(text, [plain, [0, 3], { start: 1, end: 2 }]);
  await luke.ner(text, { sentences: [plain] });
  const found = await luke.qa(text, text);
  if (found.answerable) await luke.typing(text, found);
}
const spans: Span[] = [[0, 1], { start: 0, end: 1 }];
await luke.predictEntities(text, spans);
// @ts-expect-error a span has two ends
await luke.typing(text, [1]);
// @ts-expect-error a span has an end
await luke.typing(text, { start: 1 });

// 4. What surely is there can be used at once.
const [tokens] = await luke.fillMask(text);
same<typeof tokens, [TokenScore, ...TokenScore[]]>(true);
console.log(tokens.map(({ token }) => token), tokens[0].token);
const [best] = await luke.relation(text, [0, 1], [2, 3]);
console.log(best.label);
const [who, where] = await luke.predictEntities(text, [[0, 7], [17, 28]]);
same<typeof where, [EntityScore, ...EntityScore[]]>(true);
console.log(who[0].title);
const { logits } = await luke.forward({ inputIds: [0, 2] }, { head: 'ner' });
same<typeof logits, Tensor>(true);
const { startLogits, endLogits } = await luke.forward({ inputIds: [0, 2] }, { head: 'qa' });
console.log(startLogits.shape, endLogits.data);
const [{ lastHiddenState, poolerOutput } = { lastHiddenState: logits }] = await luke.forward([{ inputIds: [0, 2] }], { head: 'model' });
console.log(lastHiddenState.shape, poolerOutput?.shape);
const unknownHead = await luke.forward({ inputIds: [0, 2] });
// @ts-expect-error which outputs there are depends on the model's only head
console.log(unknownHead.logits.shape);
console.log(unknownHead.logits?.shape, unknownHead.startLogits?.shape);
// @ts-expect-error the head for questions has no such output
console.log((await luke.forward({ inputIds: [0] }, { head: 'qa' })).logits);
const { entities, pooled } = await luke.embed(text, [[0, 1]]);
const [count, hidden]: [number, number] = entities.shape;
console.log(count, hidden, pooled?.shape[0]);

// 5. Comparing the code of an error tells the type of its detail. The cause is kept.
try {
  await Luke.load('/m/');
} catch (error) {
  if (!(error instanceof LukeError)) throw error;
  if (error.code === 'network') {
    const status: number | undefined = error.detail.status;
    console.log(status, error.detail.url, error.cause);
  } else if (error.code === 'task-unavailable') {
    const available: readonly string[] = error.detail.available;
    console.log(available);
  } else if (error.code === 'io') {
    const path: string | undefined = error.detail.path;
    console.log(path, error.detail.error, error.detail.url);
  } else if (error.code === 'integrity') console.log(error.detail.sha256, error.detail.file);
  // @ts-expect-error only a network error has a status
  if (error.code === 'input') console.log(error.detail.status);
  // @ts-expect-error there is no such code
  if (error.code === 'timeout') throw error;
  switch (error.code) {
    case 'network': case 'io': case 'integrity': case 'format': case 'quota': case 'input': case 'task-unavailable': case 'unsupported': case 'device-lost': case 'out-of-memory':
    case 'worker-lost': case 'disposed': case 'internal':
      break;
    default:
      same<typeof error, never>(true);
  }
}
const isNetwork = (error: unknown): error is LukeError<'network'> => error instanceof LukeError && error.code === 'network';
const made: LukeError<'input'> = new LukeError('input', 'no', { argument: 'text' });
const asError: Error = made;
console.log(isNetwork(asError));
// @ts-expect-error an input error has no status
new LukeError('input', 'no', { status: 404 });

// 6. Heads and labels have names.
await Luke.load('/m/', { heads: ['ner', 'typing=classifier'] });
// @ts-expect-error a typing error
await Luke.load('/m/', { heads: ['nre'] });
// @ts-expect-error a typing error
await luke.forward({ inputIds: [0] }, { head: 'nre' });
interface Conll extends Labels {
  ner: 'PER' | 'LOC' | 'ORG' | 'MISC';
}
const conll = await Luke.load<Conll>('/m/');
const [entity] = await conll.ner(text);
same<typeof entity, Entity<Conll['ner']> | undefined>(true);
same<typeof conll.info.labels.ner, readonly Conll['ner'][] | undefined>(true);
const [person] = await conll.ner(text, { labels: ['PER'], allScores: true });
if (person) same<typeof person.label, 'PER'>(true);
// @ts-expect-error the model has no such label
await conll.ner(text, { labels: ['PRE'] });
same<Awaited<ReturnType<typeof conll.typing>>[number]['label'], string>(true);
const asLuke: Luke = conll;
console.log(asLuke.info.labels.ner?.includes('PER'));

// 7. No answer is not an answer.
const answer: Answer = await luke.qa(text, text, { topK: 3 });
// @ts-expect-error there may be none
console.log(answer.answer);
// @ts-expect-error there may be none
console.log([answer, ...answer.alternatives]);
if (answer.answerable) {
  console.log(answer.answer.toUpperCase(), answer.start, answer.score);
  for (const alternative of answer.alternatives) console.log(alternative.answer, alternative.answerable);
  // @ts-expect-error alternatives have no alternatives
  console.log(answer.alternatives[0]?.alternatives);
} else same<typeof answer, NoAnswer>(true);

// 8. A text or texts.
const either = await luke.ner(textOrTexts, { threshold: 0.5 });
same<typeof either, Entity[] | Entity[][]>(true);
same<Awaited<ReturnType<typeof texts>>, Entity[][]>(true);
function texts() {
  return luke.ner(['a', 'b']);
}
declare const any: string | readonly string[] | { words: string[] };
same<Awaited<ReturnType<typeof all>>, Entity[] | Entity[][] | WordEntity[]>(true);
function all() {
  return luke.ner(any);
}
// Misspelled options are refused beside others that exist.
// @ts-expect-error a typing error
await luke.ner(text, { threshold: 0.5, treshold: 1 });
// @ts-expect-error a typing error
await luke.ner({ words: ['a'], sentnces: [] });
// @ts-expect-error a typing error
await ner(text, { threshold: 0.5, aggregation_stategy: 'simple' });
// @ts-expect-error a typing error
await luke.forward({ inputIds: [1], entityIDs: [1] });
await luke.fillMask(text, { topK: 3, specialTokens: 'match', offsets: undefined } as { topK: number });

// 9. Entities of word lists count words, and are no spans of a text.
const [word] = await luke.ner({ words: ['a', 'b'], sentences: [[0, 1], { start: 1, end: 2 }] });
same<typeof word, WordEntity | undefined>(true);
if (word) {
  await luke.ner({ words: ['a', 'b'], sentences: [word] });
  // @ts-expect-error it counts words
  await luke.typing(text, word);
}
// @ts-expect-error it counts code units
if (plain) await luke.ner({ words: ['a'], sentences: [{ ...plain, unit: 'codepoint' }] });
const [inBytes] = await luke.ner(text, { offsets: 'byte' });
if (inBytes) await luke.typing(text, inBytes, { offsets: 'byte' });

// 10. A worker of the page.
await Luke.load('/m/', { worker: () => new Worker('worker.js', { type: 'module' }) });
await Luke.load('/m/', { worker: new Worker('worker.js') });
// @ts-expect-error no worker
await Luke.load('/m/', { worker: { postMessage() {} } });

// 12. Steps of a load.
const onProgress = (event: LoadEvent) => {
  const share: number = event.loadedBytes / event.totalBytes;
  const file: string | undefined = event.file;
  if (event.phase === 'download') console.log(event.file.length, share, file);
  if (event.phase === 'retry') console.log(event.reason.length, event.waitMs ?? 0);
  if (event.phase === 'fallback' || event.phase === 'quota') console.log(event.reason.length);
  // @ts-expect-error only a retry waits
  if (event.phase === 'ready') console.log(event.waitMs.toFixed());
  // @ts-expect-error there is no such step
  return event.phase === 'compile';
};
await Luke.load('/m/', { onProgress });

const info: RuntimeInfo = luke.info;
const facts: [string | undefined, string | undefined, string | undefined, number, 'f32' | 'f16' | 'bf16' | 'q8' | 'q4'] = [info.license, info.source, info.manifestHash, info.bytes, info.dtype];
console.log(facts, info.heads.includes('qa'));

// 13. Near misses are there exactly if they were asked for, and have the scores and labels of entities.
const both = await luke.ner(text, { runnersUp: 0.2 });
same<typeof both, NerFound>(true);
const [near] = both.runnersUp;
same<typeof near, RunnerUp | undefined>(true);
if (near) {
  const lostTo: 'none' | 'overlap' = near.lostTo;
  await luke.typing(text, near);
  console.log(lostTo);
}
const { runnersUp: scoredNear } = await luke.ner(text, { runnersUp: 0.2, allScores: true, labels: ['PER'] });
if (scoredNear[0]) {
  same<typeof scoredNear[0]['label'], 'PER'>(true);
  const share: number = scoredNear[0].scores.PER;
  console.log(share);
}
same<Awaited<ReturnType<typeof bothOfTexts>>, NerFound[]>(true);
function bothOfTexts() {
  return luke.ner(['a', 'b'], { runnersUp: 0 });
}
const ofWords = await luke.ner({ words: ['a'] }, { runnersUp: 0.2 });
same<typeof ofWords, NerFound<WordEntity>>(true);
// @ts-expect-error it counts words
if (ofWords.runnersUp[0]) await luke.typing(text, ofWords.runnersUp[0]);
const withMisses: RunnersUpOptions = { runnersUp: 0.2 };
same<Awaited<ReturnType<typeof withVariable>>['runnersUp'], RunnerUp[]>(true);
function withVariable() {
  return luke.ner(text, withMisses);
}
// @ts-expect-error these options give another result
const without: NerOptions = withMisses;
const perhaps = await luke.ner(text, { runnersUp: maybe.threshold });
// @ts-expect-error the type does not say whether there are near misses
console.log(perhaps.runnersUp);
if (!Array.isArray(perhaps)) console.log(perhaps.runnersUp);
const plainAgain = await luke.ner(text, { runnersUp: undefined, threshold: maybe.threshold });
same<typeof plainAgain, Entity[]>(true);
const [conllNear] = (await conll.ner(text, { runnersUp: 0.1 })).runnersUp;
same<typeof conllNear, RunnerUp<Entity<Conll['ner']>> | undefined>(true);
// @ts-expect-error the model has no such label
await conll.ner(text, { runnersUp: 0.1, labels: ['PRE'] });
// @ts-expect-error a typing error
await luke.ner(text, { runnersUp: 0.1, treshold: 1 });
// @ts-expect-error a pipeline gives entities only
await ner(text, { runnersUp: 0.1 });

// 14. Streams.
for await (const part of luke.nerStream(['a'], { signal: maybe.signal, priority: undefined })) {
  same<typeof part, NerPart>(true);
  // @ts-expect-error they were not asked for
  console.log(part.index, part.entities[0]?.text, part.runnersUp.length);
}
for await (const { index, entities: [first], runnersUp: [second] } of luke.nerStream(['a'], { runnersUp: 0.2, allScores: true })) {
  console.log(index, first?.scores['PER'], second?.scores['PER'], second?.lostTo);
}
for await (const { runnersUp: misses } of luke.nerStream(['a'], { runnersUp: maybe.threshold })) console.log(misses?.[0]?.lostTo);
for await (const { entities: [first] } of conll.nerStream(['a'])) same<typeof first, Entity<Conll['ner']> | undefined>(true);
// @ts-expect-error a list of texts
luke.nerStream(text);
// @ts-expect-error a typing error
luke.nerStream(['a'], { treshold: 1 });

// 15. Lists of mentions: one result for each, and spans in every form.
const [firstTypes, secondTypes] = await luke.typing([{ text, span: [0, 7] }, { text, span: { start: 17, end: 28 } }]);
same<typeof firstTypes, LabelScore[]>(true);
same<typeof secondTypes, LabelScore[]>(true);
const mentions: TypingInput[] = (await luke.ner(text)).map((span) => ({ text, span }));
const ofMentions = await luke.typing(mentions, { allScores: true, signal: maybe.signal, offsets: undefined });
same<typeof ofMentions, LabelScore[][]>(true);
const [there, back] = await luke.relation([{ text, head: [0, 7], tail: [17, 28] }, { text, head: [17, 28], tail: [0, 7] }]);
same<typeof there, NonEmpty<LabelScore>>(true);
console.log(there[0].label, back[0].label);
// @ts-expect-error two inputs, two results
console.log((await luke.typing([{ text, span: [0, 7] }, { text, span: [0, 7] }]))[2]);
// @ts-expect-error a mention has a span
await luke.typing([{ text }]);
// @ts-expect-error a typing error
await luke.typing([{ text, span: [0, 7], spna: 1 }]);
// @ts-expect-error it counts words
if (word) await luke.typing([{ text, span: word }]);
// @ts-expect-error a pair has a tail
await luke.relation([{ text, head: [0, 7] }]);
// @ts-expect-error a typing error
await luke.relation([{ text, head: [0, 7], tail: [0, 7] }], { allScore: true });

// 16. The vector of a text is there exactly if it was asked for.
const { vector } = await luke.embed(text, [], { pooling: 'mean', normalize: true });
same<typeof vector, Tensor<[hidden: number]>>(true);
// @ts-expect-error it may not be there
console.log((await luke.embed(text)).vector.data, (await luke.embed(text, [], { pooling: 'none' })).vector.data);
// @ts-expect-error there is no such pooling
await luke.embed(text, [], { pooling: 'max' });
// @ts-expect-error entities are predicted from no such vector
await luke.predictEntities(text, [[0, 1]], { pooling: 'mean' });
const features = await pipeline('feature-extraction', luke);
console.log((await features(text, { pooling: 'first_token', normalize: maybe.isOn })).dims, (await features(['a'], { pooling: undefined }))[0]?.data);

// Pipelines
const [item] = await ner(text, { aggregation_strategy: 'simple', labels: ['PER'] });
if (item) same<typeof item.entity_group, 'PER'>(true);
const answers = await pipeline('question-answering', '/m/');
same<Awaited<ReturnType<typeof one>>, QuestionAnsweringItem>(true);
function one() {
  return answers('q', 'c');
}
console.log((await answers('q', 'c', { top_k: 2 })).length, (await answers(['q'], ['c']))[0]?.answer);

await using disposed = luke;
console.log(disposed.tasks);

// 11. Heads that are taught. Results have their labels, whatever the model's are.
const everyTeachOption: { [K in keyof TeachOptions]-?: undefined } = { onProgress: undefined, seed: undefined, folds: undefined, multi: undefined, offsets: undefined, signal: undefined, priority: undefined };
const head = await conll.teach({ task: 'ner', name: 'recipes', labels: undefined, examples: [{ text, spans: [{ start: 0, end: 1, label: 'FOOD' }, { start: 2, end: 3, label: 'TOOL' }] }] }, everyTeachOption);
same<typeof head, LukeHead<'FOOD' | 'TOOL', TeachReport<'FOOD' | 'TOOL'>>>(true);
console.log(head.report.all?.f1, head.report.confusions[0]?.found?.toLowerCase(), head.save().byteLength);
const [food] = await conll.ner(text, { head, labels: ['FOOD'] });
same<typeof food, Entity<'FOOD' | 'TOOL'> | undefined>(true);
same<Awaited<ReturnType<typeof byHead>>, NerFound<WordEntity<'FOOD' | 'TOOL'>>>(true);
function byHead() {
  return conll.ner({ words: ['a'] }, { head, runnersUp: 0.5 });
}
for await (const part of conll.nerStream(['a'], { head })) same<typeof part, NerPart<Entity<'FOOD' | 'TOOL'>>>(true);
for await (const part of conll.nerStream(['a'], { head, runnersUp: 0.5 })) console.log(part.runnersUp.length);
const optionalHead = Math.random() > 0.5 ? head : undefined;
const [spot] = await conll.ner(text, { head: optionalHead, threshold: maybe.threshold });
if (spot) same<typeof spot.label, 'FOOD' | 'TOOL' | Conll['ner']>(true);
const added = await luke.addHead(new Uint8Array(3));
same<typeof added.report, undefined>(true);
const anyHead: LukeHead = head;
same<Awaited<ReturnType<typeof ofTexts>>, Entity[][]>(true);
function ofTexts() {
  return luke.ner(['a', 'b'], { head: anyHead, signal: maybe.signal, labels: undefined });
}
const examples: Example[] = [{ text, spans: await luke.ner(text) }];
console.log((await luke.teach({ task: 'ner', name: 'a', examples })).labels);
// @ts-expect-error the head has no such label
await conll.ner(text, { head, labels: ['PER'] });
// @ts-expect-error a head has no candidates
await luke.ner(text, { head, candidates: 'all' });
// @ts-expect-error a head comes from `teach` or `addHead`
new LukeHead();
// @ts-expect-error a head is no plain object
await luke.ner(text, { head: { ...head } });
// @ts-expect-error nothing else is taught
await luke.teach({ task: 'poetry', name: 'a', examples });

// 17. Heads for mentions and pairs, and which texts to mark next.
const plants = await luke.teach({ task: 'typing', name: 'plants', examples: [{ text, span: [8, 11], labels: ['TREE'] }, { text, span: { start: 0, end: 3 }, labels: ['HERB', 'TREE'] }] }, { multi: maybe.isOn });
same<typeof plants, LukeHead<'TREE' | 'HERB', TeachReport<'TREE' | 'HERB'>>>(true);
const multi: boolean | undefined = plants.report.multi;
const pupils = await luke.teach({ task: 'relation', name: 'pupils', examples: [{ text, head: [0, 3], tail: [11, 14], label: 'TEACHER' }, { text, head: [11, 14], tail: [0, 3], label: 'NONE' }] });
same<typeof pupils, LukeHead<'TEACHER' | 'NONE', TeachReport<'TEACHER' | 'NONE'>>>(true);
const plant = await luke.typing(text, [8, 11], { head: plants, allScores: maybe.isOn });
same<typeof plant, LabelScore<'TREE' | 'HERB'>[]>(true);
const [firstPlant, secondPlant] = await luke.typing([{ text, span: [0, 3] }, { text, span: [8, 11] }], { head: plants });
same<typeof firstPlant, LabelScore<'TREE' | 'HERB'>[]>(true);
same<typeof secondPlant, LabelScore<'TREE' | 'HERB'>[]>(true);
const [relationOf] = await luke.relation(text, [0, 3], [11, 14], { head: pupils, signal: maybe.signal });
same<typeof relationOf, LabelScore<'TEACHER' | 'NONE'>>(true);
const [relationsOf] = await luke.relation([{ text, head: [0, 3], tail: { start: 11, end: 14 } }], { head: pupils });
same<typeof relationsOf, NonEmpty<LabelScore<'TEACHER' | 'NONE'>>>(true);
const typed = await Luke.load<{ typing: 'person'; relation: 'born' }>('/m/');
same<Awaited<ReturnType<typeof perhapsByHead>>[number]['label'], 'TREE' | 'HERB' | 'person'>(true);
function perhapsByHead() {
  return typed.typing(text, [0, 3], { head: Math.random() > 0.5 ? plants : undefined });
}
const own = await typed.relation(text, [0, 3], [4, 5], { head: undefined });
same<typeof own, NonEmpty<LabelScore<'born'>>>(true);
same<Awaited<ReturnType<typeof typed.relation>>, NonEmpty<LabelScore<'born'>>>(true);
const ranked: Ranked[] = await luke.rank(['a', 'b'], { head: anyHead, topK: maybe.threshold, signal: maybe.signal, priority: undefined });
console.log(multi, ranked[0]?.index, ranked[0]?.score);
const lesson: TeachInput<'A'> = { task: 'typing', name: 'a', labels: undefined, examples: mentions.map((mention) => ({ ...mention, labels: ['A'] })) };
same<Awaited<ReturnType<typeof ofLesson>>['labels'], readonly 'A'[]>(true);
function ofLesson() {
  return luke.teach(lesson);
}
// @ts-expect-error an example of mentions has labels
await luke.teach({ task: 'typing', name: 'a', examples });
// @ts-expect-error an example of pairs has one label
await luke.teach({ task: 'relation', name: 'a', examples: [{ text, head: [0, 1], tail: [2, 3], labels: ['A'] }] });
// @ts-expect-error the taught head is an option, behind both mentions
await luke.relation(text, { head: pupils });
// @ts-expect-error the head of a pair is a span
await luke.relation(text, pupils, [0, 1]);
// @ts-expect-error a typing error
await luke.typing(text, [0, 1], { head: plants, allScore: true });
// @ts-expect-error a head is ranked for
await luke.rank(['a'], { topK: 3 });
// @ts-expect-error a list of texts
await luke.rank(text, { head });

// 18. Heads that were added to the model folder, by their names. Results have any labels.
const [byName] = await conll.ner(text, { head: 'recipes', labels: ['DISH'], threshold: maybe.threshold });
same<typeof byName, Entity | undefined>(true);
const eitherHead = Math.random() > 0.5 ? head : 'recipes';
const [eitherSpan] = await conll.ner(text, { head: eitherHead });
same<typeof eitherSpan, Entity | undefined>(true);
const optionalName: string | undefined = Math.random() > 0.5 ? 'recipes' : undefined;
for await (const { entities } of conll.nerStream(['a'], { head: optionalName })) console.log(entities[0]?.label.toLowerCase());
const [kindByName] = await typed.typing(text, [0, 3], { head: 'plants' });
same<typeof kindByName, LabelScore | undefined>(true);
const [relationByName] = await typed.relation([{ text, head: [0, 3], tail: [4, 5] }], { head: 'pupils' });
same<typeof relationByName, NonEmpty<LabelScore>>(true);
console.log((await luke.rank(['a'], { head: 'recipes' })).length);
const addedHeads: readonly LukeHead[] = luke.taughtHeads;
for (const one of luke.taughtHeads) if (one.task === 'ner') await luke.ner(text, { head: one });
console.log(addedHeads.length, luke.taughtHeads.find(({ name }) => name === 'recipes')?.labels);
// @ts-expect-error the heads of a folder do not change
luke.taughtHeads = [];
// @ts-expect-error the heads of a folder do not change
luke.taughtHeads.push(head);
// @ts-expect-error a name is a string
await luke.ner(text, { head: 7 });
