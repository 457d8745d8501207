"""Plan × provider → template: one module per concern, and the order in which they speak.

base     FROM                      env      ENV, PATH, what later shells see
run      RUN (shell: what bash would do otherwise)
user     USER (accounts: users that RUNs create)
workdir  WORKDIR                   copy     COPY, ADD
mounts   RUN --mount               config   what has no counterpart
start    CMD, ENTRYPOINT and, with `d2t.ready`, HEALTHCHECK and other hints
"""
