// Which mark a person means: again and again at the same place, the next one outwards.

/** A place in the text and the marks there, the innermost first. */
export interface Place {
  readonly offset: number;
  readonly ids: readonly string[];
}

/** A hand is not steady: the same place is within so many characters. */
const SAME = 1;

/** The mark that a click means, after the one before had its focus at `last`. From the outermost it goes to the innermost again. */
export function chosenAt(place: Place, last: Place | undefined, focused: string | undefined): string | undefined {
  const isSame = last && Math.abs(last.offset - place.offset) <= SAME && last.ids.join() === place.ids.join();
  const index = isSame && focused !== undefined ? place.ids.indexOf(focused) : -1;
  return place.ids[(index + 1) % place.ids.length];
}

/** The ids of the marks that are drawn around an element, the innermost first. Each id is there once. */
export function marksAround(target: EventTarget | null): string[] {
  const ids = new Set<string>();
  for (let element = target instanceof HTMLElement ? target : null; element; element = element.parentElement) {
    if (element.dataset.mark !== undefined) ids.add(element.dataset.mark);
  }
  return [...ids];
}
