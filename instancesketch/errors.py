"""The two errors that a user can cause; everything else that is raised is a bug."""


class UserError(Exception):
    """A request that can't be carried out: said in one line, with the next step, at the door."""


class SketchError(ValueError):
    """A drawing or a record that can't be read: it is rejected by name and the rest goes on."""
