"""A build service on this machine that speaks the E2B protocol and is as unforgiving as the one it stands for."""
