// Package embedded is the embedded engine: an OpenAI-compatible server, as an http.Handler, that really trains a small model, and that
// fails on demand.
//
// It speaks the part of the API that a fine-tuning pipeline needs: files, fine-tuning jobs with their events, checkpoints and result files,
// models, chat completions, streamed or not, and embeddings. It is an independent reading of the published description and shares no code with ftrun's client, so that each
// proves the other.
//
//	server, err := embedded.New(embedded.Options{Dir: ".ftrun/embedded"})
//	...
//	defer server.Close()
//	err = http.ListenAndServe("127.0.0.1:8080", server)
//
// # The model
//
// The model is a stand-in, not a GPT: it can't write, it picks one of the assistant's messages of its training data. It learns to by
// gradient descent, and every loss and accuracy it reports is measured; see the source of train. The same data, hyperparameters and seed give
// the same model, bit for bit, on any number of cores of one kind of machine. It accepts any base model's name. A base model is untrained and
// answers one fixed sentence; a tuned model answers another where it knows no word of the conversation.
//
// A job's method is supervised or dpo. The file of the latter has in each line a conversation, a reply that is preferred and one that is not,
// texts all: {"input": {"messages": [...]}, "preferred_output": [...], "non_preferred_output": [...]}. The job learns to prefer, measured against the
// model that it starts from; see the source of preference. An untrained model prefers nothing. Its result file and events have train_accuracy
// and valid_accuracy, the share of pairs whose preferred reply has gained on the other; its checkpoints have losses only, because their
// description names no other accuracy than that of tokens. Of a validation file the pairs count of which both replies stand in the training
// file, as a model has no words for others.
//
// Of a chat request the engine heeds model, messages, tools, tool_choice, parallel_tool_calls, response_format, max_completion_tokens (or
// max_tokens), stream and stream_options; n must be 1, and what else there is changes nothing. Its token is a word or a punctuation mark; of a
// call of a tool, those of the name and the arguments count, and a limit cuts them off too. A temperature is held to the service's range, 0 to 2. A job's trained_tokens is the count of these in the content of all messages of the training file, times n_epochs; the usage of an answer counts
// the definitions of tools and the schema of a format too.
//
// # Tools and formats
//
// A model gives a tool call that it has learned only where the request offers the tool; else it gives the next best reply. With tool_choice
// none it gives no call, with required, or with the name of a function, nothing else. With parallel_tool_calls false, no two calls come in one
// message. Where there has to be a call and none was learned, the first of the tools is called, with arguments that fit its parameters and
// mean nothing. No two calls of a conversation have one id: a learned call whose id is taken gets another.
//
// With a response_format, a model gives the best reply that it has learned and that is JSON of that format. Where there is none, and
// from an untrained model, comes a small value that fits the schema and is the same every time: the first of an enum, the least number, the
// required properties, and in strings that this is a stand-in. Where no such value is found either, the request is refused with 400. So is a
// schema that refers to another document, that is longer than 256 KiB, or, where it is strict, that is outside the subset which the service
// takes: an object, additionalProperties false, every property required, none of allOf, oneOf, not, if and their kin. A pattern is one of RE2 here, so that one
// with a lookaround or a backreference is refused too, and a string that has to match becomes a short text that does, where the usual one does not. Replies that would take
// too long to hold to a schema are passed over.
//
// # Embeddings
//
// A vector has the length 1, and the same text always has the same one. For any name but those of tuned models it is made of hashes of the
// text's words, pairs of words and starts of words, 512 numbers or as many as dimensions asks for, up to 4,096: texts that share words lie near
// each other, and nothing more is known of their meaning. A tuned model gives the 64 numbers, or the first of them, by which it picks its
// replies, so that texts which call for one reply lie near each other; a text of which it knows no word gets hashes. Input is a text
// or a list of texts, and no tokens.
//
// # Jobs
//
// A job that asks for a seed gets it; else the seed is taken from the training file's content. A job may be based on a tuned model and then
// goes on from its weights. Jobs train one at a time.
//
// A job that has succeeded has a result file, step_metrics.csv, in base64 as OpenAI gives it: a line for each step with its loss and its
// accuracy, both measured on the batch before the step, and in the line of each epoch's last step, where there is a validation file, those
// of the whole of it. It is a file like others, to be listed and deleted, with the purpose fine-tune-results.
//
// It also has checkpoints of its last three epochs, which are models of their own under the names …:ckpt-step-N, to be asked, built on
// and deleted. The last epoch's is the job's model itself, under its own name. A model of more than 32 MiB (GSM8K makes 12 MB) has
// this one only, for time, memory and disk. Deleting a model leaves the checkpoints before it.
//
// # State
//
// With Options.Dir everything is on disk: an answer that says something was created is sent after it has been synced. A server that is
// opened on the folder of one that was closed, or killed at any instant, has all files, jobs and models of it, and starts the training of
// unfinished jobs over, which ends in the same model. A job's success, its result file and its checkpoints come into being together, with
// one write; what a kill left that belongs to no job is removed.
//
// # Faults
//
// [ParseFaults] reads a JSON document of things that are to go wrong:
//
//	{
//	  "rules": [
//	    {"method": "POST", "path": "/v1/chat/completions", "times": 2, "fault": "status", "status": 429,
//	     "headers": {"Retry-After": "1"}, "code": "rate_limit_exceeded", "message": "Slow down."},
//	    {"method": "POST", "path": "/v1/fine_tuning/jobs", "fault": "lost"},
//	    {"method": "GET", "path": "/v1/fine_tuning/jobs/*", "skip": 1, "fault": "html"},
//	    {"path": "/v1/files", "always": true, "fault": "slow", "delay": "250ms"}
//	  ],
//	  "jobs": [
//	    {"outcome": "failed", "error": {"code": "server_error", "message": "The server had an error."}, "trained_tokens": 0},
//	    {"statuses": [{"status": "paused", "polls": 2}, {"status": "warming_up", "for": "1s"}], "min_duration": "3s",
//	     "model_not_ready": {"calls": 2, "status": 404, "code": "DeploymentNotFound"}}
//	  ],
//	  "files": [
//	    {"statuses": [{"status": "pending", "polls": 2}]},
//	    {"skip": 1, "outcome": "error", "status_details": "The rows are not valid."}
//	  ],
//	  "refuse_training": false,
//	  "list_lag": "2s",
//	  "metadata": "ignored",
//	  "result_file": "plain",
//	  "models": ["gpt-4.1-mini-2025-04-14", "gpt-4.1-nano-2025-04-14", "o4-mini"],
//	  "shutdown_dates": {"gpt-4.1-mini-2025-04-14": "2027-01-14"},
//	  "missing": ["events", "checkpoints"],
//	  "fixed_temperature": ["o4-mini"]
//	}
//
// A rule is meant for the requests of its method (every one where it has none) to the paths that match its pattern (as [path.Match]
// matches; every path where it has none). It lets the first "skip" of them through and takes the next "times" (1), or with "always" all that
// follow. Every rule counts every request that it is meant for; of the rules whose turn it is, the first in the document gets it. Its
// "fault" is one of
//
//	status    answers "status" (200..599) with "headers" and with an error of "code", "type" and "message", or with "body" as it is
//	html      answers 502 with a page of HTML, as a proxy does
//	garbage   answers 200 with a body that is not JSON
//	reset     cuts the connection instead of answering
//	lost      carries the request out and then cuts the connection
//	truncate  carries the request out, sends half of the answer and cuts the connection
//	slow      waits for "delay" before it carries the request out, and for "trickle" between every 64 bytes of the answer
//
// With "execute", the first three carry the request out before they answer.
//
// "jobs" are scripts for the jobs in the order of their creation. A script takes one job, or says with "skip", "times" and "always" which, as
// a rule does; the first in the document whose turn it is gets the job. Its job shows each of "statuses" between queued and running, until
// it has been retrieved "polls" times, or "for" that long; takes "min_duration" from its creation to its end; and has the
// "outcome" succeeded, failed (with "error" and "trained_tokens") or cancelled. A job that does not succeed is not trained. The
// first "calls" chat completions of its models get "status" and the "code" (model_not_ready).
//
// "files" are scripts for the uploaded files in the same way. A file shows each of "statuses", from its upload on, until it has been
// retrieved "polls" times, or "for" that long, and then the "outcome" processed, or error with "status_details". As long as a file is not
// processed, a job on it is refused with 400.
//
// With "refuse_training", every job is refused with 403 and the code training_not_available. "list_lag" is how long a new job is missing
// from the list of jobs, though not when it is asked for by its id.
//
// The rest is how other services differ all the time:
//
//	metadata           filter (the default); echo: lists of jobs are not filtered by it; ignored: it is dropped as well; rejected: a job
//	                   with it is refused with 400
//	result_file        base64 (the default), plain CSV, or none
//	models             the only untuned models there are; the others are 404 wherever they are named
//	shutdown_dates     the shutdown_date of untuned models, and of what is tuned from them, where models are shown
//	missing            events, checkpoints, models, embeddings: endpoints that are 404
//	fixed_temperature  untuned models that refuse every temperature but 1 with 400, as models that reason do, and so does what is tuned
//	                   from them
//
// Durations are written as [time.ParseDuration] reads them.
package embedded
