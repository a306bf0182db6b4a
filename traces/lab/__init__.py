"""The lab: small real services, really killed, that write real logs.

Owns what the outside may use: the list of labs, their results and their errors. Importing it
loads neither a database driver nor a broker client; those come with `pip install
'crashproof[lab]'` and are imported when a lab runs.
"""

from .labs import CORRECT, LABS, Lab, LabError, LabResult, LabUnavailable

__all__ = ["CORRECT", "LABS", "Lab", "LabError", "LabResult", "LabUnavailable"]
