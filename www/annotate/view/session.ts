// One open project as signals: documents, the open document with its suggestions, selection and focus, edits, undo, and the right to write.
// It knows no view. `editing.ts` has what a person does with spans.
import { batch, computed, signal, type ReadonlySignal, type Signal } from '@preact/signals-core';
import { Boundaries } from '../model/boundaries.js';
import type { DocumentChange } from '../model/changes.js';
import { asDraft, type Scene } from '../model/edits.js';
import { labelsById, withKeys } from '../model/labels.js';
import { inTextOrder } from '../model/pieces.js';
import { isRefusal, type Refusal } from '../model/refusal.js';
import { mergeAll, type Suggestions } from '../model/suggest.js';
import type { Label, LabelSet, Notes, Piece, Question, Relation, Span } from '../model/types.js';
import type { ChangedMessage } from '../store/channel.js';
import type { Changed, Edit } from '../store/commit.js';
import type { OpenDocument } from '../store/documents.js';
import type { Project } from '../store/project.js';
import type { HeadRecord, ProjectRecord } from '../store/schema.js';
import type { Store } from '../store/store.js';
import type { UndoResult } from '../store/undo.js';
import type { Role } from '../store/writer.js';
import { Documents } from './documents.js';
import { countOf, errorMessage, info, refusalMessage, warning, type Message } from './messages.js';

/** `saved` is said only after the disk has everything. */
export type SaveState = 'saved' | 'saving' | 'failed';

/** What an edit is made of: a change, nothing, or the reason why it is not possible. */
export type Made = DocumentChange | Refusal | undefined;

/** Both are asked after the change was made. */
export interface EditOptions {
  /** The group that the edit continues; see `Edit.group`. */
  readonly group?: () => string | undefined;
  /** Called when the edit is on the disk, before the next edit begins. Gives what is said. */
  readonly done?: (changed: Changed) => string;
}

const NO_NOTES: Notes = { spans: [], relations: [], questions: [] };
/** With more changed documents, the whole list is read. */
const MANY = 20;

type StoreChange = ChangedMessage & { readonly own: boolean };

export class Session {
  readonly store: Store;
  readonly project: Project;
  readonly record: Signal<ProjectRecord>;
  readonly role: Signal<Role>;
  /** Whether this tab only reads because the disk is full. */
  readonly isFull: Signal<boolean>;
  readonly documents: Documents;
  readonly document = signal<OpenDocument | undefined>(undefined);
  /** What models say about the open document. */
  readonly found = signal<readonly Suggestions[]>([]);
  /** Suggestions with a lower score are not shown. */
  readonly threshold = signal(0.5);
  readonly suggestionsHidden = signal(false);
  readonly selection = signal<Piece | undefined>(undefined);
  /** Id of the span that keys act on. */
  readonly focus = signal<string | undefined>(undefined);
  readonly message = signal<Message | undefined>(undefined);
  readonly save = signal<SaveState>('saved');
  readonly canUndo = signal(false);
  readonly canRedo = signal(false);

  /** Label sets with keys: a label without a key gets a free one, as long as there are keys. */
  readonly labelSets: ReadonlySignal<readonly LabelSet[]>;
  readonly labels: ReadonlySignal<ReadonlyMap<string, Label>>;
  readonly bounds: ReadonlySignal<Boundaries>;
  /** Notes and suggestions, as they are shown. */
  readonly shown: ReadonlySignal<Notes>;
  /** Spans in text order, without rejected ones. */
  readonly spans: ReadonlySignal<readonly Span[]>;
  readonly relations: ReadonlySignal<readonly Relation[]>;
  readonly questions: ReadonlySignal<readonly Question[]>;
  readonly focused: ReadonlySignal<Span | undefined>;

  readonly #now: () => number;
  #queue: Promise<unknown> = Promise.resolve();
  #pending = 0;
  #failed = false;
  /** Documents of the edit that runs: their new records come with its result. */
  #editing: ReadonlySet<string> = new Set();
  #opening = 0;
  #closed = false;

  private constructor(store: Store, project: Project, record: ProjectRecord, heads: readonly HeadRecord[], now: () => number) {
    this.store = store;
    this.project = project;
    this.record = signal(record);
    this.role = signal(project.role);
    this.isFull = signal(project.isFull);
    this.documents = new Documents(project, heads);
    this.#now = now;
    this.labelSets = computed(() => withKeys(this.record.value.labelSets));
    this.labels = computed(() => labelsById(this.labelSets.value));
    this.bounds = computed(() => new Boundaries(this.text));
    this.shown = computed(() => this.#merged());
    this.spans = computed(() => inTextOrder(this.shown.value.spans.filter(({ state }) => state !== 'rejected')));
    this.relations = computed(() => this.shown.value.relations.filter(({ state }) => state !== 'rejected'));
    this.questions = computed(() => this.shown.value.questions.filter(({ state }) => state !== 'rejected'));
    this.focused = computed(() => this.spans.value.find(({ id }) => id === this.focus.value));
  }

  static async open(store: Store, id: string, now: () => number = Date.now): Promise<Session> {
    let session: Session | undefined;
    let missed = false;
    const onChange = (message: StoreChange): void => (session ? session.#changed(message) : void (missed = true));
    const onRole = (role: Role): void => {
      if (session) session.#roleIs(role);
    };
    const onFull = (): void => {
      if (session) session.isFull.value = true;
    };
    const project = await store.openProject(id, { now, onChange, onRole, onFull });
    try {
      session = new Session(store, project, await project.record(), await project.heads(), now);
    } catch (error) {
      project.close();
      throw error;
    }
    session.role.value = project.role;
    session.isFull.value = project.isFull;
    if (missed) void session.#guard(session.#reload(), 'Reading the project');
    return session;
  }

  close(): void {
    this.#closed = true;
    this.project.close();
  }

  get text(): string {
    return this.document.value?.body.text ?? '';
  }

  get isReadOnly(): boolean {
    return this.role.value !== 'writer';
  }

  say(message: Message): void {
    this.message.value = message;
  }

  /** Opens a document. If another one is asked for meanwhile, that one is opened. */
  async openDocument(id: string): Promise<boolean> {
    const opening = ++this.#opening;
    try {
      const document = await this.project.document(id);
      if (opening !== this.#opening || this.#closed) return false;
      batch(() => {
        if (this.document.value?.head.id !== id) this.found.value = []; // what is said of the same document stays
        this.document.value = document;
        this.selection.value = undefined;
        this.focus.value = undefined;
      });
      await this.#readHistory();
      return true;
    } catch (error) {
      this.say(errorMessage(error, 'Opening the document'));
      return false;
    }
  }

  closeDocument(): void {
    this.#opening++;
    batch(() => {
      this.document.value = undefined;
      this.found.value = [];
      this.selection.value = undefined;
      this.focus.value = undefined;
    });
  }

  async takeOver(): Promise<void> {
    await this.#guard(this.project.takeOver(), 'Taking the project over');
  }

  /** After the disk was full. */
  async tryAgain(): Promise<void> {
    await this.#guard(this.project.tryAgain(), 'Taking the project');
    this.isFull.value = this.project.isFull;
  }

  /** Makes an edit of the open document. `make` gets its notes as they are after all edits before. */
  async edit(make: (scene: Scene, document: OpenDocument) => Made, options: EditOptions = {}): Promise<Changed | undefined> {
    const id = this.document.value?.head.id;
    if (id === undefined) return undefined;
    return this.commit(async () => {
      const document = await this.#current(id);
      const change = make(this.sceneOf(document), document);
      if (!change) return undefined;
      if (isRefusal(change)) return this.say(refusalMessage(change));
      const group = options.group?.();
      return { documents: [{ id, change: asDraft(document.head, change) }], ...(group !== undefined && { group }) };
    }, options.done);
  }

  /** Makes an edit of any documents. Edits run one after the other. */
  async commit(plan: () => Promise<Edit | undefined | void>, done?: (changed: Changed) => string): Promise<Changed | undefined> {
    return this.#enqueue(async () => {
      const edit = await plan();
      if (!edit) return undefined;
      this.#editing = new Set(edit.documents?.map(({ id }) => id));
      const changed = await this.project.edit(edit);
      this.#takeOver(changed);
      if (changed.documents.some(({ head }) => head.id === this.document.value?.head.id)) {
        // The edit is now the last operation of the document: its history need not be read.
        this.canUndo.value = true;
        this.canRedo.value = false;
      }
      if (done) this.say(info(done(changed)));
      return changed;
    });
  }

  /** Deletes a document with its history. */
  async remove(id: string): Promise<boolean> {
    const isRemoved = await this.#enqueue(async () => {
      const { name } = this.documents.head(id) ?? {};
      await this.project.removeDocuments([id]);
      if (this.document.value?.head.id === id) this.closeDocument();
      this.say(info(`${name ?? 'The document'} is deleted.`));
      return true;
    });
    return isRemoved ?? false;
  }

  /** What an edit of a document looks at. */
  sceneOf({ notes, body }: OpenDocument): Scene {
    return { notes, labelSets: this.record.value.labelSets, text: body.text, now: this.#now() };
  }

  /** In the open document, or in another one. */
  undo(id = this.document.value?.head.id): Promise<void> {
    return this.#move('undo', id);
  }

  redo(): Promise<void> {
    return this.#move('redo', this.document.value?.head.id);
  }

  /** Resolves when all edits so far are on the disk or have failed. */
  async settled(): Promise<void> {
    await this.#queue;
  }

  async #move(direction: 'undo' | 'redo', id: string | undefined): Promise<void> {
    if (id === undefined) return;
    await this.#enqueue(async () => {
      const result = await this.project[direction](id, 'group');
      if (result.kind === 'done') this.#takeOver(result);
      this.say(moveMessage(result, direction));
    });
    // All is on the disk before it is known what else can be undone.
    await this.#guard(this.#readHistory(), 'Reading the history');
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T | undefined> {
    this.#pending++;
    const run = this.#queue.then(async () => {
      this.save.value = 'saving';
      try {
        const result = await work();
        this.#failed = false;
        return result;
      } catch (error) {
        this.#failed = true;
        this.say(errorMessage(error, 'Saving'));
        return undefined;
      } finally {
        this.#editing = new Set();
        if (--this.#pending === 0) this.save.value = this.#failed ? 'failed' : 'saved';
      }
    });
    this.#queue = run;
    return run;
  }

  async #current(id: string): Promise<OpenDocument> {
    const open = this.document.value;
    return open?.head.id === id ? open : this.project.document(id);
  }

  #takeOver({ documents, project }: Changed): void {
    batch(() => {
      this.documents.put(documents.map(({ head }) => head));
      const open = this.document.value;
      const own = documents.find(({ head }) => head.id === open?.head.id);
      if (own && open) {
        this.document.value = { ...open, ...own };
        if (own.body) this.#forgetPlaces();
      }
      if (project) this.record.value = project;
    });
  }

  async #readHistory(): Promise<void> {
    const id = this.document.value?.head.id;
    if (id === undefined) return;
    const { undo, redo } = await this.project.history(id);
    if (this.document.value?.head.id !== id) return;
    batch(() => {
      this.canUndo.value = undo !== undefined;
      this.canRedo.value = redo !== undefined;
    });
  }

  #merged(): Notes {
    const notes = this.document.value?.notes ?? NO_NOTES;
    if (this.suggestionsHidden.value) {
      const [spans, relations] = [notes.spans.filter(isDecided), notes.relations.filter(isDecided)];
      return { ...notes, spans, relations };
    }
    return mergeAll(notes, this.found.value, { threshold: this.threshold.value, labelSets: this.record.value.labelSets });
  }

  #roleIs(role: Role): void {
    this.role.value = role;
    if (role === 'writer') this.isFull.value = false;
    this.say(role === 'writer' ? info('You can edit this project now.') : warning('Another tab has taken this project over. Here you only read.'));
    if (role === 'writer') void this.#guard(this.#reload(), 'Reading the project');
  }

  #changed({ documents, header, own }: StoreChange): void {
    if (own && !header && documents !== 'all' && documents.every((id) => this.#editing.has(id))) return;
    void this.#guard(this.#refresh(documents, header), 'Reading what has changed');
  }

  async #refresh(ids: readonly string[] | 'all', header: boolean): Promise<void> {
    if (ids === 'all' || ids.length > MANY) return this.#reload();
    const changed = await Promise.all(ids.map((id) => this.project.document(id)));
    if (header) this.record.value = await this.project.record();
    this.documents.put(changed.map(({ head }) => head));
    await this.#reopen(changed);
  }

  async #reload(): Promise<void> {
    this.record.value = await this.project.record();
    await this.documents.reload();
    const id = this.document.value?.head.id;
    if (id === undefined) return;
    if (!this.documents.head(id)) return this.closeDocument();
    await this.#reopen([await this.project.document(id)]);
  }

  /** In another text, places and suggestions of the text before mean nothing. */
  #forgetPlaces(): void {
    this.found.value = [];
    this.selection.value = undefined;
    this.focus.value = undefined;
  }

  /** Shows new notes of the open document. Selection and focus stay, unless its text changed. */
  async #reopen(changed: readonly OpenDocument[]): Promise<void> {
    const open = this.document.value;
    const own = changed.find(({ head }) => head.id === open?.head.id);
    if (!open || !own) return;
    const isSame = own.head.sha256 === open.head.sha256;
    batch(() => {
      this.document.value = isSame ? { ...own, body: open.body } : own;
      if (!isSame) this.#forgetPlaces();
    });
    await this.#readHistory();
  }

  /** Work that nobody waits for: its error becomes a message. */
  async #guard(work: Promise<unknown>, what: string): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (!this.#closed) this.say(errorMessage(error, what));
    }
  }
}

function isDecided({ state }: { readonly state: string }): boolean {
  return state !== 'suggested';
}

function moveMessage(result: UndoResult, direction: 'undo' | 'redo'): Message {
  const [done, verb] = direction === 'undo' ? ['Undone', 'undo'] : ['Done again', 'redo'];
  if (result.kind === 'nothing') return info(`There is nothing to ${verb} in this document.`);
  if (result.kind === 'done') {
    const many = result.documents.length > 1 ? ` in ${countOf(result.documents.length, 'document')}` : '';
    const left = result.skipped.length ? `; ${countOf(result.skipped.length, 'document')} changed since and stay as they are` : '';
    return info(`${done}${many}${left}.`);
  }
  switch (result.why) {
    case 'changed-since':
      return warning(`This cannot be undone here: ${countOf(result.documents.length, 'document')} of the same edit changed since.`);
    case 'forgotten':
      return warning('This is too long ago: a part of the edit is not kept any more.');
    case 'labels':
      return warning(`The label ${result.labels[0] ?? ''} was deleted. Undo the deletion of the label first.`);
  }
}
