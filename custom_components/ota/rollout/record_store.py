"""The stored records with their migration: earlier versions used a journal, the first ones three JSON stores.

The journal remains valid until the marker that replaces it is written, which happens after all records are in the
database and before the first change is saved there. A start that was interrupted before is repeated.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
import shutil
from typing import Any, Final

from .codec import DecodeError
from .database import Database
from .journal import delete_replaced_files, is_replaced, read_journal, replace_journal
from .record_types import RecordChange, RecordKey

DATABASE_NAME: Final = "state.db"


class RecordStore:
    """The folder with the database. Call `read` and `complete` first."""

    def __init__(self, folder: Path, *, backup_running: bool = False) -> None:
        """Use a folder; nothing is read yet."""
        self._folder = folder
        self.database = Database(folder / DATABASE_NAME, backup_running=backup_running)
        self._is_stored = False
        self._is_marked = False

    def read(self, legacy: Mapping[RecordKey, Any]) -> Mapping[RecordKey, Any]:
        """Return the stored records in the order in which they were added.

        Args:
            legacy: The records of the JSON stores, if they still exist.

        Raises:
            NewerFormatError: A newer version wrote them.
            DecodeError: They are damaged.
            StorageError: They cannot be read.
        """
        if is_replaced(self._folder):
            self._is_stored = self._is_marked = True
            if (records := self.database.load()) is None:
                raise DecodeError(f"{DATABASE_NAME} is missing")
            return records
        if earlier := read_journal(self._folder) or legacy:
            return earlier
        records = self.database.load()
        self._is_stored = records is not None
        return records or {}

    def complete(self, records: Iterable[RecordChange]) -> None:
        """Store the records that were read in the database, unless they are there. Changes can be saved then.

        Raises:
            StorageError: They could not be stored; the next start repeats it.
        """
        if not self._is_stored:
            self.database.create(records)
        if self._is_marked:
            delete_replaced_files(self._folder)
        else:
            replace_journal(self._folder)

    def remove(self) -> None:
        """Delete all files."""
        self.database.close()
        shutil.rmtree(self._folder, ignore_errors=True)
