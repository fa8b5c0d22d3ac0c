// The site that the browsers load everything from: files that may be cached, with their bytes counted.
import { ISOLATION, listen, staticFiles } from '../../www/serve.mjs';

/** Starts it; `bytes()` tells what was sent since it was last asked. With `isolated`, pages may have threads. */
export async function startSite(mounts, { isolated }) {
  const files = staticFiles(mounts, isolated ? ISOLATION : {});
  let sent = 0;
  const { server, url } = await listen((request, response) => {
    const writeHead = response.writeHead.bind(response);
    response.writeHead = (status, headers) => {
      sent += Number(headers['content-length'] ?? 0);
      return writeHead(status, { ...headers, 'cache-control': 'max-age=3600' });
    };
    return files(request, response);
  });
  const bytes = () => {
    const now = sent;
    sent = 0;
    return now;
  };
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url, bytes, close };
}
