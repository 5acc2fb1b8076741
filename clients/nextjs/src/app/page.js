import { Workbench } from "@/components/workbench";
import { languages } from "@/lib/execution-client";

export const dynamic = "force-dynamic"; // what the runner serves may change

export default async function Page() {
  const served = await languages();
  const choice = served.map(({ id, name, version }) => ({ id, name: `${name}, ${version}` }));
  return (
    <main>
      <h1>Code runner</h1>
      {choice.length > 0 ? (
        <Workbench languages={choice} />
      ) : (
        <p role="alert">Programs can’t be run at the moment. Try again later.</p>
      )}
    </main>
  );
}
