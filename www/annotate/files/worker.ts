// The script of the worker that reads and writes files.
import { serve } from './serve.js';

serve(self);
