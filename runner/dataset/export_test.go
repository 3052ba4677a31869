package dataset

// PrepareTo is [Prepare] with a writer in place of the training file.
var PrepareTo = prepare
