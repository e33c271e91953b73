"""The command line, `instancesketch VERB …`: one module per verb; `main` runs them."""
