// The worker's side: does what the page asks for.
import { FORMATS, infoOf } from '../formats/index.js';
import { messageOf } from '../formats/problems.js';
import type { AnnotatedDocument } from '../model/types.js';
import { documentParts, type Answer, type Request } from './protocol.js';
import { planReading } from './reading.js';
import { planWriting } from './writing.js';

/** The part of a worker's global object that is used. */
export interface WorkerPort {
  addEventListener(type: 'message', listener: (event: MessageEvent<Request>) => void): void;
  postMessage(message: Answer): void;
}

export function serve(port: WorkerPort): void {
  const received: AnnotatedDocument[] = [];
  const post = (answer: Answer): void => port.postMessage(answer);
  port.addEventListener('message', ({ data }) => {
    answer(data, received, post).catch((error: unknown) => post({ kind: 'failed', reason: messageOf(error) }));
  });
}

async function answer(request: Request, received: AnnotatedDocument[], post: (answer: Answer) => void): Promise<void> {
  switch (request.kind) {
    case 'formats':
      return post({ kind: 'formats', formats: FORMATS.map(infoOf) });
    case 'read': {
      const plan = await planReading(request.files, request.choice);
      const { documents, ...rest } = plan.corpus;
      for (const part of documentParts(documents)) post({ kind: 'documents', documents: part, total: documents.length });
      return post({ kind: 'read', plan: { ...plan, corpus: { ...rest, documents: [] } }, formats: FORMATS.map(infoOf) });
    }
    case 'documents':
      for (const document of request.documents) received.push(document);
      return;
    case 'write':
      return post({ kind: 'written', plan: await planWriting({ ...request.corpus, documents: received }, request.choice) });
  }
}
