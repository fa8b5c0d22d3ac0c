// What the palette offers for what was typed: commands first, then documents.
import { COMMANDS, type CommandId } from './keys.js';
import type { HeadRecord } from '../store/schema.js';

export type PaletteItem =
  | { readonly kind: 'command'; readonly id: CommandId; readonly name: string }
  | { readonly kind: 'document'; readonly id: string; readonly name: string };

/** All words of the query are in the name, in any order. Names that begin with the query come first. */
export function paletteItems(query: string, heads: readonly Pick<HeadRecord, 'id' | 'name'>[]): PaletteItem[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const start = query.trim().toLowerCase();
  const matches = ({ name }: { readonly name: string }): boolean => words.every((word) => name.toLowerCase().includes(word));
  const ordered = <T extends { readonly name: string }>(items: readonly T[]): T[] => {
    const found = items.filter(matches);
    const begins = ({ name }: T): boolean => start !== '' && name.toLowerCase().startsWith(start);
    return [...found.filter(begins), ...found.filter((item) => !begins(item))];
  };
  return [
    ...ordered(COMMANDS.filter(({ id }) => id !== 'palette')).map<PaletteItem>(({ id, name }) => ({ kind: 'command', id, name })),
    ...ordered(heads).map<PaletteItem>(({ id, name }) => ({ kind: 'document', id, name })),
  ];
}
