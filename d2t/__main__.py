from d2t.cli import main

main()
