import { start } from './view/app.js';

const root = document.getElementById('app');
if (!root) throw new Error('The page has no element "app".');
await start(root);
