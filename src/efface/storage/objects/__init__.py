"""The object store: files under keys, in a folder of this machine, in S3 or in Azure Blob storage.

Takes finished local files and bytes; gives them back. Must hold: an object is there whole or not at all, through a kill
and a power cut too; a key never leads out of the store; a copy in the cache is never taken away while it is read.
"""

from efface.storage.objects.folder import FolderObjectStore
from efface.storage.objects.obstore_objects import ObstoreObjectStore
from efface.storage.objects.opening import folder_of, open_object_store

__all__ = ["FolderObjectStore", "ObstoreObjectStore", "folder_of", "open_object_store"]
