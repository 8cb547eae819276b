"""Files of records and what is in them: TFRecord, `Example`s, sparse tensors as bytes. Imports no framework."""
