"""The operations of TensorFlow that a stranger's SavedModel must not contain."""

PYTHON_OPERATIONS = {"PyFunc", "PyFuncStateless", "EagerPyFunc"}
FILE_OPERATIONS = {
    *("ReadFile", "WriteFile", "MatchingFiles", "LMDBReader", "RecordInput", "Skipgram"),
    *("WholeFileReader", "WholeFileReaderV2", "TextLineReader", "TextLineReaderV2"),
    *("TFRecordReader", "TFRecordReaderV2", "FixedLengthRecordReader"),
    *("FixedLengthRecordReaderV2", "TextLineDataset", "TFRecordDataset", "TFRecordDatasetV2"),
    *("FixedLengthRecordDataset", "FixedLengthRecordDatasetV2", "LMDBDataset"),
    *("ExperimentalLMDBDataset", "SqlDataset", "ExperimentalSqlDataset", "CSVDataset"),
    *("CSVDatasetV2", "ExperimentalCSVDataset", "CacheDataset", "CacheDatasetV2"),
    *("SnapshotDataset", "SnapshotDatasetV2", "SnapshotDatasetReader", "SaveDataset"),
    *("SaveDatasetV2", "LoadDataset", "DatasetToTFRecord", "ExperimentalDatasetToTFRecord"),
    *("MatchingFilesDataset", "ExperimentalMatchingFilesDataset", "ListSnapshotChunksDataset"),
    *(
        "CreateSummaryFileWriter",
        "CreateSummaryDbWriter",
        "ImportEvent",
        "InitializeTableFromTextFile",
    ),
    *("InitializeTableFromTextFileV2", "LoadAndRemapMatrix", "GenerateVocabRemapping"),
    *("FileSystemSetConfiguration", "DebugIdentity", "DebugIdentityV2", "DebugIdentityV3"),
    *("DebugNanCount", "DebugNumericSummary", "DebugNumericSummaryV2", "DumpTensor"),
    *("SnapshotChunkDataset", "SnapshotNestedDatasetReader", "DistributedSave"),
    *("CalibrationStatisticsSaver",),
}
NETWORK_OPERATIONS = {
    *("RpcCall", "RpcClient", "RpcServer", "RpcServerStart", "RpcServerRegister"),
    *("DataServiceDataset", "DataServiceDatasetV2", "DataServiceDatasetV3"),
    *("DataServiceDatasetV4", "RegisterDataset", "RegisterDatasetV2"),
}
NATIVE_CODE_OPERATIONS = {"XlaCustomCall", "XlaCustomCallV2"}
UNSAFE_OPERATIONS = (
    PYTHON_OPERATIONS | FILE_OPERATIONS | NETWORK_OPERATIONS | NATIVE_CODE_OPERATIONS
)
"""Operations that run Python or native code, or access files or the network."""
CHECKPOINT_OPERATIONS = {
    *("Save", "SaveSlices", "SaveV2", "Restore", "RestoreSlice", "RestoreV2"),
    *("MergeV2Checkpoints", "DTensorRestoreV2"),
}
"""Operations that save and restore variables. Each SavedModel has them; predicting needs none."""
