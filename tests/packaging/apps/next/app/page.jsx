import { Names } from './names';

export default function Page() {
  return <Names text="Ada Lovelace worked with Charles Babbage in London." />;
}
