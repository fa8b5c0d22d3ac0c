// What a person has set for a project. A change counts at once and is stored behind it.
import { computed, signal, type ReadonlySignal } from '@preact/signals-core';
import { given } from '../formats/fields.js';
import { isObject } from '../formats/json-values.js';
import { messageOf } from '../formats/problems.js';
import type { Json } from '../model/types.js';
import type { Settings } from '../store/settings.js';
import { readChoices, type Choices } from './mapping.js';
import type { Notices } from './notices.js';

/**
 * What is shown where the model has labels that were taught too: only what the taught head says of them (`replace`), or what both say
 * (`beside`). `off`: the taught head is not used.
 */
export const HEAD_USES = ['replace', 'beside', 'off'] as const;
export type HeadUse = (typeof HEAD_USES)[number];

export interface Preferred {
  /** Suggestions with a lower score are not shown. */
  readonly threshold: number;
  /** Absent, until the person has chosen. Then both speak: a head takes nothing from the model without being asked. */
  readonly headUse?: HeadUse;
  readonly choices: Choices;
  /** How many documents were drawn as the next one. */
  readonly draws: number;
}

const DEFAULT: Preferred = { threshold: 0.5, choices: {}, draws: 0 };

export class Preferences {
  readonly #settings: Pick<Settings, 'get' | 'put'>;
  readonly #key: string;
  readonly #notices: Notices;
  readonly #all = signal<Preferred>(DEFAULT);
  readonly threshold = computed(() => this.#all.value.threshold);
  readonly headUse = computed<HeadUse>(() => this.#all.value.headUse ?? 'beside');
  readonly choices = computed(() => this.#all.value.choices);
  #writing: Promise<void> | undefined;
  #written: Preferred = DEFAULT;

  constructor(settings: Pick<Settings, 'get' | 'put'>, key: string, notices: Notices) {
    this.#settings = settings;
    this.#key = key;
    this.#notices = notices;
  }

  get all(): ReadonlySignal<Preferred> {
    return this.#all;
  }

  async load(): Promise<void> {
    this.#all.value = readPreferred(await this.#settings.get(this.#key));
    this.#written = this.#all.peek();
  }

  change(fields: Partial<Preferred>): void {
    this.#all.value = { ...this.#all.peek(), ...fields };
    this.#writing ??= this.#write().finally(() => (this.#writing = undefined));
  }

  /** Resolves when all changes are stored. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  /** A slider makes many changes: while one is being stored, only the last of the others waits. */
  async #write(): Promise<void> {
    while (this.#written !== this.#all.peek()) {
      this.#written = this.#all.peek();
      const { threshold, headUse, choices, draws } = this.#written;
      try {
        await this.#settings.put(this.#key, { threshold, choices: { ...choices }, draws, ...given('headUse', headUse) });
      } catch (error) {
        this.#notices.say('settings', `A setting could not be stored: ${messageOf(error)}`);
      }
    }
  }
}

/** What was stored; the default in place of what cannot be used. */
function readPreferred(value: Json | undefined): Preferred {
  if (!isObject(value)) return DEFAULT;
  const { threshold, headUse, choices, draws } = value;
  const isPart = typeof threshold === 'number' && threshold >= 0 && threshold <= 1;
  return {
    threshold: isPart ? threshold : DEFAULT.threshold, ...given('headUse', HEAD_USES.find((use) => use === headUse)),
    choices: readChoices(choices), draws: typeof draws === 'number' && Number.isSafeInteger(draws) && draws >= 0 ? draws : DEFAULT.draws,
  };
}
