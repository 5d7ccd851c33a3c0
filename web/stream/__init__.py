"""The live doors: one subscription per process, read by SSE, WebSocket and Socket.IO clients."""
