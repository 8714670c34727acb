namespace Managed.Loader.Hub;

/// <summary>Explains a refusal: what the hub means by it, and what to do.</summary>
internal static class HubRefusal
{
    /// <summary>The error for an answer that is no success.</summary>
    /// <param name="id">The model asked for.</param>
    /// <param name="file">The file asked for; null for the list of files.</param>
    /// <param name="response">The answer.</param>
    /// <param name="settings">Who asked, and where.</param>
    public static HubException Explain(HubId id, string? file, HttpResponseMessage response, HubSettings settings)
    {
        string what = file is null ? id.ToString() : $"{id}, file {file}";
        string page = $"{settings.Endpoint.AbsoluteUri.TrimEnd('/')}/{id.Repository}";
        string signIn = settings.Token is null
            ? "give a token: set HF_TOKEN, or write it to the token file (HF_TOKEN_PATH, by default token in the folder HF_HOME)"
            : "the token that was sent is not accepted: it has expired, or may not read this model; make a new one";
        string reason = ((int)response.StatusCode, HubHeaders.Read(response, HubHeaders.ErrorCode)) switch
        {
            (401 or 403, "GatedRepo") => $"the model is gated: accept its terms at {page}, then {(settings.Token is null ? signIn : "use a token of the same account")}",
            (_, "RevisionNotFound") => $"there is no revision '{id.Revision}'; see the branches and tags at {page}",
            (404, "EntryNotFound") => "there is no such file in this revision",
            (401, _) => $"it does not exist, or is private: check the name; for a private or gated model {signIn}",
            (403, _) => $"access is forbidden: if the model is gated, accept its terms at {page}; {signIn}",
            (404, _) when file is null => $"there is no such model or revision: check owner, name and revision ('{id.Revision}'); a private one looks the same without a token that may read it",
            (404, _) => "there is no such file in this revision",
            (var status, _) => $"the server answers {status} {response.ReasonPhrase}, which is not expected here",
        };
        return new HubException($"{what}: {reason}.");
    }
}
