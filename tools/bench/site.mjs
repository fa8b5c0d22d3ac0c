// The site for the browsers. Its files may be cached, and it counts the bytes that it sends.
import { ISOLATION, listen, staticFiles } from '../../www/serve.mjs';

/** Starts the site. `taken()` returns what was sent since its last call: `{ bytes, urls }`. `isolated` makes its pages cross-origin isolated. */
export async function startSite(mounts, { isolated }) {
  const headers = { ...(isolated && ISOLATION), 'cache-control': 'max-age=3600' };
  const files = staticFiles(mounts, headers, { compress: false }); // compression takes the processor that is measured
  let sent = { bytes: 0, urls: [] };
  const { server, url } = await listen((request, response) => {
    const writeHead = response.writeHead.bind(response);
    response.writeHead = (...head) => {
      sent.bytes += Number(response.getHeader('content-length') ?? 0);
      sent.urls.push(request.url);
      return writeHead(...head);
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
