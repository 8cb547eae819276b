"""`tf.Session` and what configures it."""

from onevar.core import session
from onevar.core.fetching import IndexedSlicesValue
from onevar.v1.export import export_value

for _name in ("Session", "InteractiveSession", "get_default_session"):
    export_value(_name, getattr(session, _name))
export_value("IndexedSlicesValue", IndexedSlicesValue)
