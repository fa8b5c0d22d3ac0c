// What the main screen has besides the project: which dialog is open, which panel a phone shows, the keys, and the handle of the text.
import { computed, effect, signal, untracked } from '@preact/signals-core';
import { isList } from '../formats/json-values.js';
import type { Json } from '../model/types.js';
import type { Store } from '../store/store.js';
import type { Assistant } from '../assistant/assistant.js';
import type { TaughtState } from '../assistant/teach.js';
import { settingKey } from '../store/settings.js';
import { Editing } from './editing.js';
import { KeyMap, type CommandId, type Conflict } from './keys.js';
import { countOf, errorMessage, info } from './messages.js';
import { Navigation } from './navigation.js';
import { PieceEditing } from './piece-editing.js';
import { ProjectBackup } from './project-backup.js';
import type { Session } from './session.js';
import { OPTIONS, ViewOptions, type ViewOption } from './view-options.js';

export const DIALOGS = [
  'palette', 'help', 'ask', 'question', 'occurrences', 'note', 'span-note', 'second-look', 'import', 'export', 'labels', 'model-labels', 'compare', 'compare-model', 'storage', 'project',
  'delete-document',
] as const;
export type DialogName = (typeof DIALOGS)[number];

/** On narrow screens one of the three columns is shown. */
export type Panel = 'documents' | 'text' | 'spans';

/** What the screen asks of the text view. */
export interface TextHandle {
  focusText(): void;
  openSearch(): void;
  /** Where the caret is. */
  readonly caret: number;
}

const KEYS = 'keys';
const VIEW = 'view';

export class Screen {
  readonly store: Store;
  readonly session: Session;
  readonly assistant: Assistant;
  readonly backup: ProjectBackup;
  readonly editing: Editing;
  readonly pieces: PieceEditing;
  readonly options: ViewOptions;
  readonly navigation: Navigation;
  readonly dialog = signal<DialogName | undefined>(undefined);
  /** Id of the question that the dialog of questions changes; `undefined`: a new one. */
  readonly question = signal<string | undefined>(undefined);
  readonly panel = signal<Panel>('text');
  readonly keys = signal(KeyMap.standard);
  text: TextHandle | undefined;
  #readRecent: readonly string[] = [];
  readonly #ends: readonly (() => void)[];

  constructor(session: Session, assistant: Assistant) {
    this.store = session.store;
    this.session = session;
    this.assistant = assistant;
    this.backup = new ProjectBackup(session, this.dialog);
    this.editing = new Editing(session);
    this.pieces = new PieceEditing(session);
    this.options = new ViewOptions();
    this.navigation = new Navigation(session, this.editing, () => assistant.next());
    const open = computed(() => session.document.value?.head.id);
    this.#ends = [
      effect(() => {
        const id = open.value;
        untracked(() => assistant.openDocument(id));
      }),
      effect(() => void (session.found.value = open.value === undefined ? [] : assistant.suggestionsOf(open.value).value)),
      effect(() => void (session.threshold.value = assistant.threshold.value)),
      effect(() => void (session.documents.suggested.value = assistant.suggested.value)),
      this.#sayTaught(),
      effect(() => {
        const recent = this.editing.recent.value;
        if (recent.length && recent !== this.#readRecent) untracked(() => void this.#put(this.#recentKey, [...recent], 'Saving the labels that were used last'));
      }),
    ];
  }

  /** The person may be elsewhere in the page when a teaching ends. */
  #sayTaught(): () => void {
    let before: TaughtState = {};
    return effect(() => {
      const now = this.assistant.taught.value;
      const learned = before.teaching && !now.teaching && now.head !== before.head ? now.head : undefined;
      before = now;
      if (learned) untracked(() => this.session.say(info(`The model has learned your labels from ${countOf(learned.documents, 'document')}.`)));
    });
  }

  /** Ends the work of the model and closes the project. */
  async close(): Promise<void> {
    for (const end of this.#ends) end();
    await this.session.settled();
    await this.backup.close();
    await this.assistant.dispose();
    this.session.close();
  }

  async readKeys(): Promise<void> {
    try {
      this.keys.value = KeyMap.read(await this.store.settings.get(KEYS));
    } catch (error) {
      this.session.say(errorMessage(error, 'Reading your keys'));
    }
  }

  /** Reads what the person has set, and which labels were used last in this project. */
  async readOptions(): Promise<void> {
    try {
      this.options.read(await this.store.settings.get(VIEW));
      const recent = await this.store.settings.get(this.#recentKey);
      this.#readRecent = isList(recent) ? recent.filter((id) => typeof id === 'string') : [];
      this.editing.recent.value = this.#readRecent;
    } catch (error) {
      this.session.say(errorMessage(error, 'Reading your settings'));
    }
  }

  toggle(option: ViewOption): void {
    this.options[option].value = !this.options[option].peek();
    const { name, on, off } = OPTIONS[option];
    this.session.say(info(`${name}: ${this.options[option].peek() ? on : off}.`));
    void this.#put(VIEW, this.options.toJson(), 'Saving your settings');
  }

  /** Gives a command another key, and keeps it. A conflict changes nothing. */
  async setKey(id: CommandId, key: string): Promise<Conflict | undefined> {
    const next = this.keys.value.with(id, key, this.labelKeys());
    if (!(next instanceof KeyMap)) return next;
    await this.#putKeys(next);
    return undefined;
  }

  async resetKeys(): Promise<void> {
    await this.#putKeys(KeyMap.standard);
  }

  /** Names of labels by their keys. */
  labelKeys(): ReadonlyMap<string, string> {
    return new Map([...this.session.labels.value.values()].flatMap(({ key, name }) => (key === undefined ? [] : [[key, name] as const])));
  }

  /** The key of a label, unless a command has it. */
  readonly keyOfLabel = (key: string | undefined): string | undefined => {
    return key === undefined || this.keys.value.commandOf(key) !== undefined ? undefined : key;
  };

  async #putKeys(keys: KeyMap): Promise<void> {
    this.keys.value = keys;
    await this.#put(KEYS, keys.toJson(), 'Saving your keys');
  }

  get #recentKey(): string {
    return settingKey(this.session.project.id, 'recent-labels');
  }

  /** An error becomes a message. */
  async #put(key: string, value: Json, what: string): Promise<void> {
    try {
      await this.store.settings.put(key, value);
    } catch (error) {
      this.session.say(errorMessage(error, what));
    }
  }
}
