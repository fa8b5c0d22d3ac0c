// The site that the browsers load everything from: files that may be cached, with their bytes counted.
import { ISOLATION, listen, staticFiles } from '../../www/serve.mjs';

/** Starts it; `taken()` tells what was sent since it was last asked: `{ bytes, urls }`. With `isolated`, pages may have threads. */
export async function startSite(mounts, { isolated }) {
  const files = staticFiles(mounts, isolated ? ISOLATION : {});
  let sent = { bytes: 0, urls: [] };
  const { server, url } = await listen((request, response) => {
    const writeHead = response.writeHead.bind(response);
    response.writeHead = (status, headers) => {
      sent.bytes += Number(headers['content-length'] ?? 0);
      sent.urls.push(request.url);
      return writeHead(status, { ...headers, 'cache-control': 'max-age=3600' });
    };
    return files(request, response);
  });
  const taken = () => {
    const now = sent;
    sent = { bytes: 0, urls: [] };
    return now;
  };
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url, taken, close };
}
