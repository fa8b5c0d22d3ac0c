// Our worker, which also counts its WebGPU calls.
import './counting.js';
import '/pkg/dist/worker.js';
