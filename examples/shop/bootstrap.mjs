// Lambda's Runtime API for a handler module, as the managed Node runtime does it: `node bootstrap.mjs handler.mjs`.
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";

const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`;
const { handler } = await import(pathToFileURL(resolve(process.argv[2])));

for (;;) {
  const next = await fetch(`${api}/invocation/next`);
  const request = next.headers.get("lambda-runtime-aws-request-id");
  const post = (what, body) => fetch(`${api}/invocation/${request}/${what}`, { method: "POST", body: JSON.stringify(body) });
  try {
    await post("response", await handler(await next.json()));
  } catch (error) {
    await post("error", { errorType: error.name, errorMessage: String(error.message) });
  }
}
