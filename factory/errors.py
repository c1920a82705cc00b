"""The errors a user can meet. Each message is one sentence: what is wrong and what to do."""


class FactoryError(Exception):
    """Base of every error whose message is meant for the user; anything else is a bug and keeps its traceback."""


class ConfigError(FactoryError):
    """The configuration cannot be run as written."""


class StorageError(FactoryError):
    """A place cannot be read or written."""


class GoneError(StorageError):
    """Nothing lies where something was expected."""


class ChangedError(StorageError):
    """A file or object is another than the one that was listed or ingested."""


class SourceError(StorageError):
    """What was given as a source is none: a folder, a pipe, a URL of an unknown kind, a row that names nothing."""


class OutputError(StorageError):
    """What all clips share cannot be written: the output, or this machine's disk. It is no clip's failure: it ends the
    run, and clips that were in flight stay undone."""


class BusyError(FactoryError):
    """Another run works on the same output."""


class VideoError(FactoryError):
    """A file is not a video that can be decoded."""


class AccountingError(FactoryError):
    """Inputs and outcomes of a phase do not add up; the missing ids are named."""


class ClipTimeoutError(FactoryError):
    """A clip took longer than its stages may."""


class ClipMemoryError(FactoryError):
    """A clip needs more memory than its worker may have."""


class WorkerDiedError(FactoryError):
    """The process that worked on a clip was killed by that work (a segmentation fault, out of memory)."""


class ModelError(FactoryError):
    """A model could not answer a clip's question."""


class ModelAnswerError(ModelError):
    """A model answered something else than its role promises."""


class ModelMemoryError(ModelError):
    """One question alone needs more memory than the model's card has."""


class ModelBudgetError(ModelError):
    """A model that costs money has spent what it may."""


class ModelDiedError(ModelError):
    """The process of a model was killed by a question, twice; or hung on it, and was ended."""
