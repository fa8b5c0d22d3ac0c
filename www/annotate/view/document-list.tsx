// The list of documents: search, filter, order, and a row for each with what is to be done in it.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { STATUSES } from '../model/types.js';
import type { HeadRecord } from '../store/schema.js';
import { CommandButton } from './command-button.js';
import { SORT_NAMES, SORTS, suggestionsIn, type DocumentFilter } from './document-filter.js';
import { countOf, errorMessage } from './messages.js';
import type { Screen } from './screen.js';
import { VirtualList } from './virtual-list.js';

export function DocumentList({ screen }: { readonly screen: Screen }): JSX.Element {
  const { session } = screen;
  const { visible, heads, suggested } = session.documents;
  const cursor = useSignal<string | undefined>(undefined);
  const current = session.document.value?.head.id;
  const active = visible.value.findIndex(({ id }) => id === (cursor.value ?? current));
  const open = (index: number): void => {
    const head = visible.value[index];
    if (!head) return;
    cursor.value = undefined;
    screen.panel.value = 'text';
    void screen.navigation.open(head.id).then(() => screen.text?.focusText());
  };
  return (
    <nav class="documents" aria-label="Documents">
      <h2 class="visually-hidden">Documents</h2>
      <Filters screen={screen} />
      <div class="list-head">
        <p class="hint" role="status">
          {visible.value.length < heads.value.length && `${visible.value.length} of `}{countOf(heads.value.length, 'document')}
          {session.documents.searching.value && ', searching the texts…'}
        </p>
        <CommandButton screen={screen} id="next-uncertain">Most uncertain</CommandButton>
      </div>
      <VirtualList
        id="document" label="Documents" items={visible.value} rowHeight={3.5} active={active}
        empty={heads.value.length ? 'No document matches.' : 'There is no document yet. Import files to begin.'}
        isSelected={({ id }) => id === current} row={(head) => <Row head={head} suggestions={suggestionsIn(head, suggested.value)} />} onPick={open}
        onMove={(index) => void (cursor.value = visible.value[index]?.id)}
      />
    </nav>
  );
}

function Filters({ screen: { session } }: { readonly screen: Screen }): JSX.Element {
  const { filter, statusCounts, heads } = session.documents;
  const set = (fields: Partial<DocumentFilter>): void => {
    session.documents.setFilter(fields).catch((error: unknown) => session.say(errorMessage(error, 'The search')));
  };
  const count = (status: (typeof STATUSES)[number]): number => statusCounts.value.get(status) ?? 0;
  const spanLabels = session.record.value.labelSets.filter(({ kind }) => kind === 'span').flatMap(({ labels }) => labels);
  return (
    <search class="filters">
      <input
        type="search" aria-label="Search in names and texts" placeholder="Search documents" value={filter.value.query} spellcheck={false}
        onInput={({ currentTarget: { value } }) => set({ query: value })}
      />
      <select aria-label="Status" value={filter.value.status} onChange={({ currentTarget: { value } }) => set({ status: statusOf(value) })}>
        <option value="all">All ({heads.value.length})</option>
        <option value="open">Open ({count('new') + count('draft')})</option>
        {STATUSES.map((status) => <option key={status} value={status}>{capital(status)} ({count(status)})</option>)}
      </select>
      <select aria-label="Label" value={filter.value.label} onChange={({ currentTarget: { value } }) => set({ label: value })}>
        <option value="">Any label</option>
        {spanLabels.map(({ id, name }) => <option key={id} value={id}>{name}</option>)}
      </select>
      <select
        aria-label="Order" value={filter.value.sort}
        onChange={({ currentTarget: { value } }) => set({ sort: SORTS.find((sort) => sort === value) ?? 'order' })}
      >
        {SORTS.map((sort) => <option key={sort} value={sort}>{SORT_NAMES[sort]}</option>)}
      </select>
    </search>
  );
}

function Row({ head, suggestions }: { readonly head: HeadRecord; readonly suggestions: number }): JSX.Element {
  const { name, status, counts, uncertainty, note } = head;
  const facts = [
    counts.spans.accepted > 0 && countOf(counts.spans.accepted, 'span'),
    suggestions > 0 && countOf(suggestions, 'suggestion'),
    uncertainty !== undefined && status !== 'done' && `uncertainty ${uncertainty.toFixed(1)}`,
    note !== undefined && 'note',
  ].filter((fact) => fact !== false);
  return (
    <>
      <span class="row-name" dir="auto">{name}</span>
      <span class="row-facts"><span class={`status status-${status}`}>{capital(status)}</span>{facts.length > 0 && ` · ${facts.join(' · ')}`}</span>
    </>
  );
}

function statusOf(value: string): DocumentFilter['status'] {
  return value === 'open' ? 'open' : (STATUSES.find((status) => status === value) ?? 'all');
}

export function capital(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}
