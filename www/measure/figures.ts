// How the figures look: a group of bars for each task, and a table with the spread.
import { count, element } from '../dom.js';
import { TASKS } from './plan.js';
import type { SetupReport, Spread, TaskReport } from './report.js';

/** A row of the table. */
export interface Row {
  readonly what: string;
  readonly value: string;
  readonly isBad?: boolean;
}

/** A group of bars; the longest has the share 1. */
export interface Group {
  readonly title: string;
  readonly bars: readonly { readonly name: string; readonly value: string; readonly share: number }[];
}

/** The rates of each task, the longest bar being the fastest setup. Tasks without figures are left out. */
export function groupsOf(setups: readonly SetupReport[]): readonly Group[] {
  return TASKS.flatMap(({ id, title, unit }) => {
    const rates = setups.flatMap(({ title: name, tasks }) =>
      tasks.filter((task) => task.id === id).map(({ perSecond }) => ({ name, perSecond })),
    );
    const most = Math.max(...rates.map(({ perSecond }) => perSecond));
    const bars = rates.map(({ name, perSecond }) => ({ name, value: `${short(perSecond)} ${unit}/s`, share: perSecond / most }));
    return bars.length === 0 ? [] : [{ title, bars }];
  });
}

/** All figures with their spread. */
export function rowsOf(setups: readonly SetupReport[]): readonly Row[] {
  return setups.flatMap(({ title, info, load: { coldMs, warmMs }, tasks, error }) => [
    ...(info ? [{ what: title, value: `${info.name} (${info.dtype}), ${info.adapter ?? count(info.threads, 'thread')}` }] : []),
    ...(coldMs === undefined ? [] : [{ what: `${title}: load from the network`, value: milliseconds(coldMs) }]),
    ...(warmMs ? [{ what: `${title}: load from the store`, value: spreadText(warmMs) }] : []),
    ...tasks.map((task) => ({ what: `${title}: ${titleOf(task)}`, value: `${spreadText(task.callMs)} a call; the first ${milliseconds(task.firstMs)}` })),
    ...(error ? [{ what: title, value: `failed: ${error.message}`, isBad: true }] : []),
  ]);
}

/** A group of bars as a list; the lengths say nothing that the values do not. */
export function groupView({ title, bars }: Group): HTMLElement {
  const rows = bars.map(({ name, value, share }) => {
    const fill = element('span');
    fill.style.width = `${Math.round(share * 1000) / 10}%`;
    const bar = element('span', { class: 'bar', 'aria-hidden': 'true' }, fill);
    return element('li', {}, element('span', { class: 'name' }, name), bar, element('span', { class: 'score' }, value));
  });
  return element('section', {}, element('h3', {}, title), element('ul', { class: 'bars rates' }, ...rows));
}

export function rowView({ what, value, isBad }: Row): HTMLElement {
  return element('tr', { class: isBad ? 'bad' : undefined }, element('th', { scope: 'row' }, what), element('td', {}, value));
}

function titleOf({ id }: TaskReport): string {
  return TASKS.find((task) => task.id === id)?.title ?? id;
}

function spreadText({ median, low, high, count: times }: Spread): string {
  return `${milliseconds(median)} (${milliseconds(low)} to ${milliseconds(high)}; ${count(times, 'time')})`;
}

/** Three digits, or all digits before the point. */
function short(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}

function milliseconds(ms: number): string {
  return ms >= 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${short(ms)} ms`;
}
