package embedded

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// An apiError is a refusal as the service words it: a status and the fields of the error envelope. Param and Code may be empty, which
// the wire shows as null.
type apiError struct {
	Status  int
	Message string
	Type    string
	Param   string
	Code    string
}

func (e *apiError) Error() string { return e.Message }

const (
	typeInvalid = "invalid_request_error"
	typeServer  = "server_error"
)

func invalid(param, format string, args ...any) *apiError {
	return &apiError{Status: http.StatusBadRequest, Type: typeInvalid, Param: param, Message: fmt.Sprintf(format, args...)}
}

func missingParam(param string) *apiError {
	return &apiError{
		Status: http.StatusBadRequest, Type: typeInvalid, Param: param, Code: "missing_required_parameter",
		Message: fmt.Sprintf("Missing required parameter: '%s'.", param),
	}
}

func noSuch(kind, param, id string) *apiError {
	return &apiError{Status: http.StatusNotFound, Type: typeInvalid, Param: param, Message: fmt.Sprintf("No such %s object: %s", kind, id)}
}

func noSuchModel(id string) *apiError {
	return &apiError{
		Status: http.StatusNotFound, Type: typeInvalid, Param: "model", Code: "model_not_found",
		Message: fmt.Sprintf("The model `%s` does not exist or you do not have access to it.", id),
	}
}

// envelope is the body of every error.
type envelope struct {
	Error struct {
		Message string  `json:"message"`
		Type    string  `json:"type"`
		Param   *string `json:"param"`
		Code    *string `json:"code"`
	} `json:"error"`
}

func (e *apiError) body() []byte {
	var env envelope
	env.Error.Message, env.Error.Type = e.Message, e.Type
	env.Error.Param, env.Error.Code = orNull(e.Param), orNull(e.Code)
	b, err := json.Marshal(env)
	if err != nil {
		panic(err) // strings always marshal
	}
	return append(b, '\n')
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func writeError(w http.ResponseWriter, err error) {
	api, ok := errors.AsType[*apiError](err)
	if !ok {
		// What went wrong on our disk is of no use to a remote client, but this server is the user's own: the cause helps.
		api = &apiError{Status: http.StatusInternalServerError, Type: typeServer, Message: "The embedded engine could not do this: " + err.Error()}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(api.Status)
	w.Write(api.body())
}

func writeJSON(w http.ResponseWriter, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		writeError(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(append(b, '\n'))
}
