// A plugin of typedoc: a document is called what its first heading says, not what its file is called.
import { Converter } from 'typedoc';

export function load({ converter }) {
  converter.on(Converter.EVENT_CREATE_DOCUMENT, (_, document) => {
    const heading = /^# (.+)$/m.exec(document.content.map(({ text }) => text).join(''));
    if (!heading) throw new Error(`${document.name}: a document needs a heading`);
    document.name = heading[1];
  });
}
