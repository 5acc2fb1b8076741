// Draws the diagrams of a page; what is drawn stands on white, whatever the page's colours are.
mermaid.initialize({ startOnLoad: true, securityLevel: "strict", theme: "default", deterministicIds: true });
