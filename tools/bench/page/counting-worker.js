// Our worker, with its WebGPU calls counted.
import './counting.js';
import '/pkg/dist/worker.js';
